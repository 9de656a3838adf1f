/** Follow-ups of all incidents. */
import { common } from './common';

const { some } = common;

export const followUps = {
  title: 'Follow-ups',
  intro: 'What is done because of an incident, so that it does not happen again. New ones are added in the incident.',
  groups: { overdue: 'Overdue', week: 'This week', later: 'Later', undated: 'Without a date', done: 'Done lately' },
  empty: 'Nothing is open. Follow-ups are added in an incident, once it is understood.',
  emptyMine: 'Nothing is open for you.',
  mine: 'Mine',
  everybody: 'Everybody',
  who: 'Whose',
  onlyRecent: (count: number) => `Of the ${count} incidents that changed last.`,
  owner: (name: string) => `Owner: ${name}`,
  due: (when: string) => `due ${when}`,
  late: (days: number) => `${some(days, 'day', 'days')} late`,
  noDate: 'no date',
  card: 'Card',
  byHand: 'The card must be made by hand',
  failed: 'The card could not be made',
  waiting: 'The card is being made',
  settle: 'Settle',
  settleTitle: (title: string) => `Settle: ${title}`,
  note: 'What was done, or why it is dropped',
  done: 'Done',
  drop: 'Drop it',
  reopen: 'Open again',
  state: { OPEN: 'Open', DONE: 'Done', DROPPED: 'Dropped' },
  editTitle: (title: string) => `Edit: ${title}`,
  fields: { title: 'What is to be done', owner: 'Owner', due: 'Due', board: 'Board', description: 'Description' },
  settled: (title: string) => `Settled: ${title}`,
  reopened: (title: string) => `Open again: ${title}`,
  of: (name: string) => `Of ${name}`,
};
