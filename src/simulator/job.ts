/** One offer, from the answer to the outcome. What is in a `Job` survives a restart of the TCU. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Grant, Offer } from '../protocol/messages.ts';
import { type ContentOpener, openContent } from './content-opener.ts';
import { type DownloadResult, download } from './download.ts';
import type { Fate } from './fate.ts';
import { type EcuResult, ecuResults, install, isInstalled } from './install.ts';
import type { About, Truth } from './ledger.ts';
import type { Random } from './random.ts';
import type { Road } from './road.ts';
import type { Ecus } from './verify-offer.ts';

export interface Job {
  readonly offer: Offer;
  readonly about: About;
  stage: 'accepted' | 'downloading' | 'downloaded' | 'installing' | 'installed';
  grant: Grant | null;
  /** Files that are complete and proven. */
  fetched: number;
  /** The file under way. */
  partial: ContentOpener | null;
  rebooted: boolean;
  /** How often the server did not take the grant's token. */
  refusals: number;
}

/** What a job may do with its vehicle. */
export interface Car {
  readonly vehicleId: string;
  readonly fate: Fate;
  readonly random: Random;
  readonly road: Road;
  ecus: Ecus;
  say(kind: string, about: About, more?: object): void;
  sayInventory(): void;
  note(truth: Truth): void;
  /** Starts again: aborts what is running. */
  reboot(): void;
  /** Exchanges or resets the TCU, once in its life; false when that has been done. */
  swap(): boolean;
  /** Connects anew, which brings the current grants. */
  askAgain(): void;
}

export const aboutOf = ({ campaignId, offer, attempt }: About): About => ({ campaignId, offer, attempt });

export const startJob = (offer: Offer): Job => ({
  offer,
  about: aboutOf(offer),
  stage: 'accepted',
  grant: null,
  fetched: 0,
  partial: null,
  rebooted: false,
  refusals: 0,
});

const HEALTHY_AFTER_MS = 100;
const MAX_TOKEN_REFUSALS = 3;

/**
 * Takes the job as far as it goes: to its end, or to where it waits for a grant.
 * @returns whether the job has ended. @throws AbortError when the TCU restarts.
 */
export async function advance(car: Car, job: Job, signal: AbortSignal): Promise<boolean> {
  if (job.stage === 'accepted') {
    if (job.grant === null) return false;
    if (car.fate.swap?.when === 'accepted' && car.swap()) return false;
    if (job.offer.artifacts.every(({ manifest }) => isInstalled(car.ecus, manifest)))
      return succeed(car, job, 'unchanged');
    if (job.fetched === 0 && job.partial === null) car.say('download-started', job.about);
    job.stage = 'downloading';
  }
  if (job.stage === 'downloading') {
    const result = await fetchFiles(car, job, signal);
    if (!result.ok) return giveUp(car, job, result);
    car.say('download-completed', job.about);
    job.stage = 'downloaded';
  }
  if (job.stage === 'downloaded') {
    if (!(await waitForWindow(job.offer.window, signal)))
      return fail(car, job, 'window-missed', 'the window closed before the download was complete');
    car.say('install-started', job.about);
    job.stage = 'installing';
  }
  if (job.stage === 'installing') {
    const [least, most] = car.road.install_ms;
    const duration = least + car.random() * (most - least);
    if (car.fate.reboots === 'installing' && !job.rebooted) {
      await sleep(duration / 2, undefined, { signal });
      job.rebooted = true;
      car.reboot();
      return false;
    }
    await sleep(duration, undefined, { signal });
    if (car.fate.fails !== null) return fail(car, job, car.fate.fails, 'every attempt of this vehicle fails');
    finishInstallation(car, job);
  }
  return settleDown(car, job, signal);
}

function finishInstallation(car: Car, job: Job): void {
  const artifacts = job.offer.artifacts.map(({ manifest }) => manifest.artifactId);
  const before = car.ecus;
  for (const { manifest } of job.offer.artifacts) car.ecus = install(car.ecus, manifest);
  car.road.ledger.write({ k: 'installed', vehicleId: car.vehicleId, ...job.about, artifacts });
  const { vehicleId } = car;
  const { sabotage } = car.road;
  if (sabotage.keepTrigger) sabotage.oldTrigger ??= { vehicleId, offer: job.offer };
  job.stage = 'installed';
  succeed(car, job, 'installed');
  if (car.fate.reverts) {
    car.ecus = before;
    const reason = { code: 'driver-complaint', message: 'rolled back to the software before' };
    car.sayInventory();
    car.say('reverted', job.about, { ...reason, ecus: resultsOf(car, job, 'reverted') });
    car.note({ ...job.about, outcome: 'reverted', code: reason.code });
  }
}

/** A while after the installation the vehicle confirms that it drives well. */
async function settleDown(car: Car, job: Job, signal: AbortSignal): Promise<true> {
  await sleep(HEALTHY_AFTER_MS, undefined, { signal });
  if (!car.fate.reverts) car.say('healthy', job.about);
  return true;
}

const resultsOf = (car: Car, job: Job, result: EcuResult['result']): EcuResult[] =>
  job.offer.artifacts.flatMap(({ manifest }) => ecuResults(car.ecus, manifest, result));

function succeed(car: Car, job: Job, result: 'installed' | 'unchanged'): true {
  car.sayInventory();
  car.say('succeeded', job.about, { ecus: resultsOf(car, job, result) });
  car.note({ ...job.about, outcome: 'installed', code: '' });
  return true;
}

/** The ECUs have gone back to what they had. */
function fail(car: Car, job: Job, code: string, message: string): true {
  const ecus = resultsOf(car, job, 'failed').map((result) => ({ ...result, code }));
  car.say('failed', job.about, { code, message: message.slice(0, 500), ecus });
  car.note({ ...job.about, outcome: 'failed', code });
  return true;
}

function giveUp(car: Car, job: Job, result: DownloadResult & { ok: false }): boolean {
  if (result.code === 'digest') {
    car.road.ledger.write({
      k: 'refused',
      vehicleId: car.vehicleId,
      ...job.about,
      code: 'digest',
      detail: result.detail,
    });
    return fail(car, job, 'digest-mismatch', result.detail);
  }
  if (result.code === 'refused' && job.refusals < MAX_TOKEN_REFUSALS) {
    job.refusals++;
    job.grant = null;
    job.stage = 'accepted';
    car.askAgain();
    return false;
  }
  return fail(car, job, `download-${result.code}`, result.detail);
}

async function fetchFiles(car: Car, job: Job, signal: AbortSignal): Promise<DownloadResult> {
  const leave = await car.road.downloads.enter(signal);
  try {
    const files = job.offer.artifacts.flatMap(({ manifest }) =>
      manifest.files.map((file) => ({ artifactId: manifest.artifactId, file })),
    );
    for (const { artifactId, file } of files.slice(job.fetched)) {
      const result = await fetchFile(car, job, artifactId, file, signal);
      if (!result.ok) return result;
      job.fetched++;
      job.partial = null;
      signal.throwIfAborted();
    }
    return { ok: true };
  } finally {
    leave();
  }
}

type ManifestFile = Offer['artifacts'][number]['manifest']['files'][number];

async function fetchFile(
  car: Car,
  job: Job,
  artifactId: string,
  file: ManifestFile,
  signal: AbortSignal,
): Promise<DownloadResult> {
  const { grant } = job;
  const sealed = grant?.files.find((given) => given.artifactId === artifactId && given.name === file.name);
  if (grant === null || sealed === undefined)
    return { ok: false, code: 'refused', detail: `the grant does not name ${artifactId} ${file.name}` };
  try {
    job.partial ??= openContent({ fileId: sealed.fileId, key: sealed.key, size: sealed.ciphertext.size });
  } catch (error) {
    return { ok: false, code: 'digest', detail: String(error) };
  }
  const opener = job.partial;
  const url = `${grant.contentBase}/content/${sealed.ciphertext.sha256}`;
  const onPiece = (piece: Buffer): void => {
    const { sabotage } = car.road;
    if (sabotage.flip && car.fate.fails === null) {
      sabotage.flip = false;
      piece[piece.length >> 1] = (piece[piece.length >> 1] ?? 0) ^ 0x01;
    }
    if (opener.received < sealed.ciphertext.size / 2) return;
    pullThePlug(car, job);
  };
  const fate = { breaksOff: car.fate.breaksOff, random: car.random, onPiece };
  return download({ opener, url, token: grant.token, sealed, expected: file }, fate, car.road.agents, signal);
}

function pullThePlug(car: Car, job: Job): void {
  if (car.fate.swap?.when === 'downloading' && car.swap()) return;
  if (car.fate.reboots !== 'downloading' || job.rebooted) return;
  job.rebooted = true;
  car.reboot();
}

/** Waits until the off-peak window opens, by the time of the network. @returns false when it has closed. */
async function waitForWindow(window: Offer['window'], signal: AbortSignal): Promise<boolean> {
  if (window === null) return true;
  const wait = Date.parse(window.opens) - Date.now();
  if (wait > 0) await sleep(wait, undefined, { signal });
  return Date.now() < Date.parse(window.closes);
}
