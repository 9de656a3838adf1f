// What ical.js reads in a calendar file: the second reader, in another language.
import { readFileSync } from 'node:fs';
import ICAL from 'ical.js';

const calendar = new ICAL.Component(ICAL.parse(readFileSync(0, 'utf8')));
const event = new ICAL.Event(calendar.getFirstSubcomponent('vevent'));
console.log(
  JSON.stringify({
    method: calendar.getFirstPropertyValue('method'),
    uid: event.uid,
    sequence: event.sequence,
    start: event.startDate.toJSDate().toISOString(),
    end: event.endDate.toJSDate().toISOString(),
    summary: event.summary,
    location: event.location,
    description: event.description,
    attendee: event.attendees[0].getFirstValue(),
    called: event.attendees[0].getParameter('cn'),
  }),
);
