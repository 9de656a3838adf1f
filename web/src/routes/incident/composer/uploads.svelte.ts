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
  /** Trying again would not help. */
  isHopeless?: boolean;
  abort: AbortController;
}

const words = t.incident.composer;
let count = 0;

/** Something that was dropped or pasted. A folder looks like a file that can't be read. */
export interface Brought {
  file: File;
  isFolder: boolean;
}

/** The files and folders that a drop or a paste brings. They must be taken while it is heard. */
export function broughtBy(transfer: DataTransfer | null): Brought[] {
  return [...(transfer?.items ?? [])].flatMap((item) => {
    const file = item.kind === 'file' ? item.getAsFile() : null;
    return file ? [{ file, isFolder: item.webkitGetAsEntry()?.isDirectory ?? false }] : [];
  });
}

export class Uploads {
  files = $state<Attached[]>([]);
  isBusy = $derived(this.files.some((file) => !file.id && !file.problem));
  ids = $derived(this.files.map((file) => file.id).filter((id) => id !== undefined));
  #incidentId: () => string;

  constructor(incidentId: () => string) {
    this.#incidentId = incidentId;
  }

  add(brought: Iterable<Brought>): void {
    for (const { file, isFolder } of brought) {
      this.files.push({ key: ++count, file, part: 0, abort: new AbortController() });
      const attached = this.files.at(-1)!;
      // Said before it is on its way: 25 MiB take long on a phone.
      attached.problem = isFolder ? words.folder(file.name) : file.size > FILE_BYTES ? words.tooLarge(file.name) : undefined;
      attached.isHopeless = attached.problem !== undefined;
      if (!attached.isHopeless) void this.send(attached);
    }
  }

  async send(attached: Attached): Promise<void> {
    attached.problem = undefined;
    attached.part = 0;
    try {
      const told = (part: number) => (attached.part = part);
      attached.id = (await upload(this.#incidentId(), attached.file, told, attached.abort.signal)).id;
    } catch (error) {
      attached.problem = `${words.uploadFailed(attached.file.name)} ${(error as Error).message}`;
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
