/** The console's addresses. `api/src/http/console.rs` serves the page at all of them. */
import { createRouter } from 'sv-router';
import Board from './routes/board/Board.svelte';
import NotFound from './routes/NotFound.svelte';

export const { p, navigate, isActive, route } = createRouter({
  '/': Board,
  '/declare': () => import('./routes/declare/Declare.svelte'),
  '/incidents/:reference': () => import('./routes/incident/Incident.svelte'),
  '/incidents/:reference/report': () => import('./routes/report/Report.svelte'),
  '/incidents/:reference/review': () => import('./routes/review/Review.svelte'),
  '/follow-ups': () => import('./routes/follow-ups/FollowUps.svelte'),
  '/alerts': () => import('./routes/alerts/Inbox.svelte'),
  '/alerts/posts/:id': () => import('./routes/alerts/Post.svelte'),
  '/alerts/rules': () => import('./routes/alerts/Rules.svelte'),
  '/alerts/heartbeats': () => import('./routes/alerts/Heartbeats.svelte'),
  '/insights': () => import('./routes/insights/Insights.svelte'),
  '/on-call': () => import('./routes/team/OnCall.svelte'),
  '/people': () => import('./routes/team/People.svelte'),
  '/clients': () => import('./routes/team/Clients.svelte'),
  '/sites': () => import('./routes/sites/Sites.svelte'),
  '/sites/import': () => import('./routes/sites/Import.svelte'),
  '/sites/:id': () => import('./routes/sites/Site.svelte'),
  '/playbook': () => import('./routes/team/Playbook.svelte'),
  '/ops': () => import('./routes/ops/OpsDocs.svelte'),
  '/ops/*path': () => import('./routes/ops/OpsPage.svelte'),
  '/search': () => import('./routes/known/Search.svelte'),
  '/deliveries': () => import('./routes/settings/Deliveries.svelte'),
  '/integrations': () => import('./routes/settings/Integrations.svelte'),
  '/webhooks': () => import('./routes/settings/Webhooks.svelte'),
  '/audit': () => import('./routes/settings/Audit.svelte'),
  '/api': () => import('./routes/settings/Api.svelte'),
  '/account': () => import('./routes/settings/Account.svelte'),
  '*': NotFound,
});
