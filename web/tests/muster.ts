/** A real server for each test, on a database of its own, and people who sign in to it. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test as base, expect, type BrowserContext, type BrowserContextOptions, type Page, type Route } from '@playwright/test';

const PROGRAM = process.env.MUSTER_PROGRAM ?? fileURLToPath(new URL('../../target/debug/muster', import.meta.url));

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

export class Muster {
  readonly folder = mkdtempSync(join(tmpdir(), 'muster-console-'));
  #process: ChildProcess | undefined;
  #port = 0;

  constructor(readonly isDemo: boolean) {}

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  #environment() {
    return { PATH: process.env.PATH, MUSTER_LISTEN: `127.0.0.1:${this.#port}` };
  }

  /** Starts it, or starts it again at the same address. */
  async start(): Promise<void> {
    this.#port ||= await freePort();
    const also = this.isDemo ? ['--demo'] : [];
    this.#process = spawn(PROGRAM, ['serve', ...also], { cwd: this.folder, env: this.#environment(), stdio: 'ignore' });
    await expect(async () => expect((await fetch(`${this.url}/readyz`)).status).toBe(200)).toPass({ timeout: 60_000 });
  }

  /** As a crash ends it. */
  async kill(): Promise<void> {
    const running = this.#process;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const gone = new Promise((done) => running.once('exit', done));
    running.kill('SIGKILL');
    await gone;
  }

  async end(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #run(...args: string[]): string {
    return execFileSync(PROGRAM, args, { cwd: this.folder, env: this.#environment(), encoding: 'utf8', stdio: 'pipe' });
  }

  /** Adds a person; what it gives signs them in. */
  add(name: string, access: 'admin' | 'responder' | 'viewer'): string {
    const email = `${name.toLowerCase()}@example.org`;
    return /\S+\/sign-in\?link=\S+/.exec(this.#run('person', 'add', name, '--email', email, '--access', access))![0];
  }

  /** A link for the first administrator. */
  adminLink(): string {
    return /\S+\/sign-in\?link=\S+/.exec(this.#run('sign-in-link'))![0];
  }

  /** Another link for somebody who is known. */
  linkFor(email: string): string {
    return /\S+\/sign-in\?link=\S+/.exec(this.#run('sign-in-link', '--email', email))![0];
  }

  /** Of a program of its own. */
  #tokenOfProgram(): string {
    return (this.#token ??= this.#run('token', 'create', '--name', 'test', '--access', 'admin').trim());
  }

  /** What an alerting system posts; the answer's status. */
  async alert(body: string): Promise<number> {
    const headers = { authorization: `Bearer ${this.#tokenOfProgram()}`, 'content-type': 'application/json' };
    return (await fetch(`${this.url}/hooks/alerts`, { method: 'POST', headers, body })).status;
  }

  /** What a program does by the API, with a token of its own. */
  async ask<Data>(document: string, variables: Record<string, unknown> = {}): Promise<Data> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#tokenOfProgram()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query: document, variables }),
    });
    const { data, errors } = (await response.json()) as { data: Data; errors?: unknown[] };
    expect(errors).toBeUndefined();
    return data;
  }
  #token: string | undefined;

  async declare(name: string, severity = 'MAJOR'): Promise<{ id: string; reference: string }> {
    const document = 'mutation($input: DeclareIncidentInput!) { declareIncident(input: $input) { incident { id reference } } }';
    const { declareIncident } = await this.ask<{ declareIncident: { incident: { id: string; reference: string } } }>(document, {
      input: { name, severity },
    });
    return declareIncident.incident;
  }

  /** All that must be so before it can be resolved. */
  async meetGoals(id: string): Promise<void> {
    const { node } = await this.ask<{ node: { goals: { goal: string }[] } }>(
      'query($id: ID!) { node(id: $id) { ... on Incident { goals { goal } } } }',
      { id },
    );
    for (const { goal } of node.goals) {
      await this.ask('mutation($input: ConfirmGoalInput!) { confirmGoal(input: $input) { incident { id } } }', {
        input: { incidentId: id, goal, evidence: 'Looked at the graphs.' },
      });
    }
  }

  /** What was written on the timeline, in its order. */
  async written(reference: string): Promise<string[]> {
    const { incident } = await this.ask<{ incident: { timeline: { nodes: { text: string }[] } } }>(
      'query($reference: String!) { incident(reference: $reference) { timeline(last: 200) { nodes { text } } } }',
      { reference },
    );
    return incident.timeline.nodes.map(({ text }) => text);
  }
}

/** What browsers complained of: errors on the page, refusals of the CSP, requests to other hosts. */
export class Complaints {
  readonly all: string[] = [];
  /** While the server is away on purpose, browsers say so. */
  isExpected = (text: string) =>
    /ERR_(CONNECTION_REFUSED|INTERNET_DISCONNECTED|CONNECTION_RESET|EMPTY_RESPONSE)|WebSocket/.test(text);

  hear(context: BrowserContext, own: string) {
    context.on('page', (page) => {
      const complain = (text: string) => void (this.isExpected(text) || this.all.push(text));
      page.on('pageerror', (error) => complain(String(error)));
      page.on('console', (message) => message.type() === 'error' && complain(message.text()));
      page.on('request', (request) => {
        const url = request.url();
        if (!url.startsWith(own) && !url.startsWith(own.replace('http', 'ws')) && !/^(data|blob):/.test(url))
          this.all.push(`asked ${url}`);
      });
    });
  }
}

/**
 * What stands between a page and the server. It must be there before the page is opened: a page that is busy goes on asking past a
 * route that is set later, for a moment.
 */
export class Between {
  /** What happens to requests, in the server's place. */
  answer: ((route: Route) => Promise<void>) | undefined;

  static async the(page: Page, url: string): Promise<Between> {
    const between = new Between();
    await page.route(url, (route) => between.answer?.(route) ?? route.fallback());
    return between;
  }
}

interface Fixtures {
  isDemo: boolean;
  muster: Muster;
  complaints: Complaints;
  /** A browser of its own, signed in by this link. */
  signIn: (link: string, options?: BrowserContextOptions) => Promise<Page>;
}

export const test = base.extend<Fixtures>({
  isDemo: [false, { option: true }],
  muster: async ({ isDemo }, use) => {
    const muster = new Muster(isDemo);
    await muster.start();
    await use(muster);
    await muster.end();
  },
  complaints: async ({ browserName }, use) => {
    void browserName;
    const complaints = new Complaints();
    await use(complaints);
    expect(complaints.all).toEqual([]);
  },
  signIn: async ({ browser, muster, complaints }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (link, options) => {
      const context = await browser.newContext({ baseURL: muster.url, ...options });
      contexts.push(context);
      complaints.hear(context, muster.url);
      const page = await context.newPage();
      await page.goto(link);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      return page;
    });
    await Promise.all(contexts.map((context) => context.close()));
  },
});

export { expect };
