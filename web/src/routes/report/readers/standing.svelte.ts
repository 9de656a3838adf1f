/** How a version stands: what it reads now, and whether it may leave. For a component, which it keeps current. */
import { onIncidentChanged } from '$lib/api/incidents.svelte';
import { query } from '$lib/api/live.svelte';
import { theDesk } from '../desk.svelte';
import { asked, type Audience } from './audience';
import { leaveOf, type Leave } from './outcome';
import { renderedOf, STANDING, type Approval } from './versions';

export interface Standing {
  readonly rendered: Approval | undefined;
  /** For a client's version. */
  readonly leave: Leave | undefined;
  /** Somebody who may can approve it, and nobody has. */
  readonly isToApprove: boolean;
}

export function standingOf(audience: () => Audience): Standing {
  const desk = theDesk();
  const answer = query(STANDING, () => ({ id: desk.report.id, ...asked(audience()) }));
  onIncidentChanged((changed) => changed.id === desk.incident.id && answer.refresh());
  const rendered = $derived(renderedOf(answer.data));
  const leave = $derived(audience().client && rendered ? leaveOf(rendered) : undefined);
  return {
    get rendered() {
      return rendered;
    },
    get leave() {
      return leave;
    },
    get isToApprove() {
      return desk.mayApprove && leave !== undefined && leave.is !== 'approved' && rendered?.mixed.length === 0;
    },
  };
}
