/**
 * The one way to the server. Questions and changes go by HTTP, everything live by one WebSocket a tab; all answers go through one
 * normalised cache, so what one part of the page learns shows everywhere.
 */
import { Client, fetchExchange, mapExchange, subscriptionExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { createClient as createSocket } from 'graphql-ws';
import { serverSaid } from '$lib/time/clock.svelte';
import { connection } from './connection.svelte';
import { NotMuster, problemOf } from './problem';

/** How long an answer may take: longer than the server gives itself. */
const PATIENCE = 40_000;

const JSON_ANSWER = 'application/graphql-response+json';

/** Forbidden: not signed in, or not any more. */
const FORBIDDEN = 4403;

function openSocket() {
  let pong: ReturnType<typeof setTimeout> | undefined;
  const socket = createSocket({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`,
    lazy: false,
    keepAlive: 10_000,
    // A proxy that takes the connection and passes nothing on.
    connectionAckWaitTimeout: 10_000,
    retryAttempts: Infinity,
    shouldRetry: () => true,
    // Everybody's tabs come back after a restart: spread out, and never slower than every ten seconds.
    retryWait: (attempt) =>
      new Promise((done) => setTimeout(done, Math.min(10_000, 300 * 2 ** attempt) * (0.6 + 0.8 * Math.random()))),
    // Said by the banner.
    onNonLazyError: () => {},
    on: {
      connected: () => connection.opened(),
      closed: (event) => {
        if (event instanceof CloseEvent && event.code === FORBIDDEN) connection.isSignedOut = true;
        connection.closed();
      },
      // A server that is gone without a word is noticed by its missing pong.
      ping: (received) => {
        if (!received) pong = setTimeout(() => socket.terminate(), 5_000);
      },
      pong: (received) => {
        if (received) clearTimeout(pong);
      },
    },
  });
  return socket;
}

let socket = openSocket();

/** After signing in again: what was refused before is over for good, so everything begins anew. */
export function beginAgain(): void {
  void socket.dispose();
  socket = openSocket();
  connection.isSignedOut = false;
  connection.sessions += 1;
}

async function ask(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  const patience = AbortSignal.timeout(PATIENCE);
  const signal = init.signal ? AbortSignal.any([init.signal, patience]) : patience;
  const response = await fetch(input, { ...init, signal });
  serverSaid(response.headers.get('date'));
  if (!/json/.test(response.headers.get('content-type') ?? '')) throw new NotMuster(`${response.status}`);
  return response;
}

const embedded = () => null;

export const client = new Client({
  url: '/graphql',
  fetch: ask,
  preferGetMethod: false,
  requestPolicy: 'cache-and-network',
  fetchOptions: { headers: { accept: JSON_ANSWER } },
  exchanges: [
    mapExchange({
      onError(error) {
        const { code } = problemOf(error);
        if (code === 'UNAUTHENTICATED') connection.isSignedOut = true;
        if (code === 'FORBIDDEN') connection.refusals += 1;
      },
    }),
    cacheExchange({
      // What has no id of its own belongs to what it hangs from.
      keys: {
        AffectedClient: embedded,
        AlertDifference: embedded,
        AlertForesight: embedded,
        AlertOutlook: embedded,
        AlertPostHeader: embedded,
        AlertReplay: embedded,
        AlertRule: embedded,
        AlertRuleForesight: embedded,
        AlertRuleProblem: embedded,
        AlertRules: embedded,
        AlertSource: embedded,
        Attendee: embedded,
        Change: embedded,
        ChangeRollout: embedded,
        ChatChannel: embedded,
        ChatLink: embedded,
        Bar: embedded,
        ChecklistItem: embedded,
        CalendarFeed: embedded,
        ClientFigures: embedded,
        ClientBoardRow: embedded,
        ClientTicket: embedded,
        ClientUpdateOutcome: embedded,
        FacilitatorCandidate: embedded,
        FollowUpFigures: embedded,
        ForeseenAlarm: embedded,
        FoundTicket: embedded,
        GoalState: embedded,
        HandoverCandidate: embedded,
        Held: embedded,
        Impact: embedded,
        IncidentFigures: embedded,
        Insights: embedded,
        InTime: embedded,
        KnownEvent: embedded,
        LeadershipNotice: embedded,
        Link: embedded,
        MonthFigures: embedded,
        NextStep: embedded,
        OnCall: embedded,
        OnCallHandOver: embedded,
        OnCallStretch: embedded,
        OpsDocs: embedded,
        OutsideSystem: embedded,
        PageWay: embedded,
        Playbook: embedded,
        PlaybookRule: embedded,
        PlaybookSimulation: embedded,
        NameCandidate: embedded,
        NameDoubt: embedded,
        OtherClient: embedded,
        RenderedReport: embedded,
        ReportApproval: embedded,
        ReportNews: embedded,
        ReportPublication: embedded,
        ReportReader: embedded,
        ReportRemark: embedded,
        ReportRevision: embedded,
        ReportSection: embedded,
        ReviewCoverage: embedded,
        ReviewGuide: embedded,
        ReviewMoment: embedded,
        ReviewPlan: embedded,
        ReviewQuestion: embedded,
        ReviewSlot: embedded,
        ReviewWarning: embedded,
        SeverityAdvice: embedded,
        SeverityCount: embedded,
        SeverityDefinition: embedded,
        SimulatedStep: embedded,
        SiteFieldChange: embedded,
        SiteFieldOrigin: embedded,
        SiteFigures: embedded,
        SiteImport: embedded,
        SiteImportProblem: embedded,
        SiteImportRow: embedded,
        SiteReading: embedded,
        SiteReadingNote: embedded,
        SkippedEvent: embedded,
        Spread: embedded,
        TextPart: embedded,
        Triage: embedded,
        TriageCriterion: embedded,
        TriageSite: embedded,
        UnreadFile: embedded,
        Viewer: embedded,
        WaitingSites: embedded,
        WebhookEventType: embedded,
        Woken: embedded,
      },
    }),
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query, variables }) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query: query ?? '', variables }, sink) }),
      }),
    }),
  ],
});

/** What it gets beside `next` ends it. */
export interface Listener {
  next: (answer: unknown) => void;
  error: (reason: unknown) => void;
  complete: () => void;
}

/** Asks past the cache, what only whoever typed it knows. Throws if nothing comes back; a refusal is an answer. */
export async function post(document: string, variables: Record<string, unknown> = {}): Promise<unknown> {
  const response = await ask('/graphql', {
    method: 'POST',
    headers: { accept: JSON_ANSWER, 'content-type': 'application/json' },
    body: JSON.stringify({ query: document, variables }),
  });
  return response.json();
}

/** Hears what such a document subscribes to, until the returned function is called. */
export function watch(document: string, variables: Record<string, unknown>, listener: Listener): () => void {
  return socket.subscribe({ query: document, variables }, listener);
}
