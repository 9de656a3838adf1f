/** All that people read on the page. Another language is another object of the same shape. */
import { alerts } from './en/alerts';
import { board } from './en/board';
import { common } from './en/common';
import { declare } from './en/declare';
import { followUps } from './en/followUps';
import { heartbeats } from './en/heartbeats';
import { incident } from './en/incident';
import { insights } from './en/insights';
import { known } from './en/known';
import { report } from './en/report';
import { review } from './en/review';
import { settings } from './en/settings';
import { sites } from './en/sites';
import { team } from './en/team';
import { webhooks } from './en/webhooks';

export const t = {
  ...common,
  alerts,
  board,
  declare,
  followUps,
  heartbeats,
  incident,
  insights,
  known,
  report,
  review,
  settings,
  sites,
  team,
  webhooks,
};
export type { Severity, Status } from './en/common';
