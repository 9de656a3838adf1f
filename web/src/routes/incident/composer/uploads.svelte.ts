/** The files that go with what is being written. */
import { t } from '$text';
import { FILE_BYTES } from './compose';
import { upload } from './upload';

export interface Attached {
  key: number;
  file: File;
  part: number;
  id?: string;
  problem?: string;
  abort: AbortController;
}

let count = 0;

export class Uploads {
  files = $state<Attached[]>([]);
  isBusy = $derived(this.files.some((file) => !file.id && !file.problem));
  ids = $derived(this.files.map((file) => file.id).filter((id) => id !== undefined));
  #incidentId: () => string;

  constructor(incidentId: () => string) {
    this.#incidentId = incidentId;
  }

  add(files: Iterable<File>): void {
    for (const file of files) {
      this.files.push({ key: ++count, file, part: 0, abort: new AbortController() });
      void this.send(this.files.at(-1)!);
    }
  }

  async send(attached: Attached): Promise<void> {
    attached.problem = undefined;
    attached.part = 0;
    // Said before it is on its way: 25 MiB take long on a phone.
    if (attached.file.size > FILE_BYTES) {
      attached.problem = t.incident.composer.tooLarge(attached.file.name);
      return;
    }
    try {
      const told = (part: number) => (attached.part = part);
      attached.id = (await upload(this.#incidentId(), attached.file, told, attached.abort.signal)).id;
    } catch (error) {
      attached.problem = `${t.incident.composer.uploadFailed(attached.file.name)} ${(error as Error).message}`;
    }
  }

  remove(key: number): void {
    this.files.find((file) => file.key === key)?.abort.abort();
    this.files = this.files.filter((file) => file.key !== key);
  }

  clear(): void {
    this.files = [];
  }
}
