/** Sends one file to the server, with progress. It waits there for the event that names it. */
import { connection } from '$lib/api/connection.svelte';
import { t } from '$text';

export interface Uploaded {
  id: string;
  fileName: string;
}

export function upload(incidentId: string, file: File, told: (part: number) => void, signal: AbortSignal): Promise<Uploaded> {
  const form = new FormData();
  form.set('incident', incidentId);
  form.set('held', 'true');
  form.set('file', file, file.name || 'screenshot.png');
  return new Promise((done, failed) => {
    // `fetch` tells nothing of how far a body has got.
    const request = new XMLHttpRequest();
    request.open('POST', '/files');
    request.responseType = 'json';
    request.upload.onprogress = ({ loaded, total }) => told(total > 0 ? loaded / total : 0);
    request.onload = () => {
      if (request.status === 201) return done(request.response as Uploaded);
      if (request.status === 401) connection.isSignedOut = true;
      const said = (request.response as { error?: { message?: string } } | null)?.error?.message;
      failed(new Error(said ?? t.problems.notMuster));
    };
    request.onerror = () => failed(new Error(t.problems.offline));
    signal.addEventListener('abort', () => request.abort());
    request.send(form);
  });
}
