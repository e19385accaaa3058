/** Uploads of this page. They go on while other pages of the dashboard are looked at, one at a time. */
import { useSyncExternalStore } from 'react';
import { UploadTask } from './upload-task.ts';

let tasks: readonly UploadTask[] = [];
let version = 0;
let running: UploadTask | null = null;
const listeners = new Set<() => void>();

function changed(): void {
  version++;
  for (const listener of listeners) listener();
}

/** Begins the next one when none is on its way. */
function pump(): void {
  const next = running === null ? tasks.find(({ state }) => state.stage === 'queued') : undefined;
  if (next === undefined) return;
  running = next;
  void next.run().finally(() => {
    running = null;
    pump();
  });
}

export function add(artifactId: string, files: readonly File[]): void {
  const names = new Set(files.map(({ name }) => name));
  // Chosen again: what is not on its way is replaced, what is stays.
  const again = (task: UploadTask): boolean => task.artifactId === artifactId && names.has(task.file.name);
  const going = tasks.filter((task) => again(task) && task === running).map(({ file }) => file.name);
  const fresh = files.filter(({ name }) => !going.includes(name));
  tasks = [
    ...tasks.filter((task) => !again(task) || task === running),
    ...fresh.map((file) => new UploadTask(artifactId, file, changed)),
  ];
  changed();
  pump();
}

export function resume(task: UploadTask): void {
  task.queue();
  pump();
}

/** Takes it off the list. */
export function remove(task: UploadTask): void {
  tasks = tasks.filter((one) => one !== task);
  changed();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useUploads(artifactId: string): readonly UploadTask[] {
  useSyncExternalStore(subscribe, () => version);
  return tasks.filter((task) => task.artifactId === artifactId);
}
