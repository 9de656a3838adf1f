/** What a CHANGE says of how it was tried and put live (R23). */

export type Way = '' | 'NORMAL' | 'BYPASS';
export interface Typed {
  tried: string;
  way: Way;
  reason: string;
}
export interface Change {
  tried: string | null;
  deployed: 'NORMAL' | 'BYPASS';
  reason: string | null;
}

/** What is missing before it can be sent; nothing at all may be left out as a whole. */
export function lacks({ tried, way, reason }: Typed): 'way' | 'reason' | undefined {
  if (way === '' && tried.trim() !== '') return 'way';
  return way === 'BYPASS' && reason.trim() === '' ? 'reason' : undefined;
}

/** As the server takes it; null if nothing was said. */
export function changeOf({ tried, way, reason }: Typed): Change | null {
  if (way === '') return null;
  return { tried: tried.trim() || null, deployed: way, reason: way === 'BYPASS' ? reason.trim() : null };
}
