/** Saves what the server says in public, as the input of the reconciliation; breaks it when asked to. */

import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { ToldError } from '../simulator/told-error.ts';
import type { ApiClient } from './api-client.ts';
import type { Sabotage } from './options.ts';
import { listVehicles } from './register-fleet.ts';
import { CAMPAIGN } from './run-campaign.ts';

/** The export with one recorded outcome missing (`drop`) or told twice (`double`). */
export async function exportEvents(
  client: ApiClient,
  path: string,
  sabotage: Sabotage | undefined,
): Promise<void> {
  const body = await client.stream(`/v1/campaigns/${CAMPAIGN}/events`);
  const broken = sabotage === 'drop' || sabotage === 'double' ? sabotage : null;
  await writeLines(path, broken === null ? linesOf(body) : breakOne(linesOf(body), broken));
}

async function* breakOne(lines: AsyncIterable<string>, how: 'drop' | 'double'): AsyncGenerator<string> {
  let done = false;
  for await (const line of lines) {
    const isOutcome = !done && (JSON.parse(line) as { type?: string }).type === 'UpdateSucceeded';
    if (isOutcome) done = true;
    if (!(isOutcome && how === 'drop')) yield line;
    if (isOutcome && how === 'double') yield line;
  }
}

export async function exportVehicles(client: ApiClient, path: string): Promise<void> {
  async function* lines(): AsyncGenerator<string> {
    for await (const vehicle of listVehicles(client)) yield JSON.stringify(vehicle);
  }
  await writeLines(path, lines());
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = '';
  for await (const text of body.pipeThrough(
    new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>,
  )) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield line;
  }
  if (rest !== '') throw new ToldError('The export ended in the middle of a line.');
}

async function writeLines(path: string, lines: AsyncIterable<string>): Promise<void> {
  const file = createWriteStream(path, { mode: 0o600 });
  for await (const line of lines)
    if (!file.write(`${line}\n`)) await new Promise<void>((resolve) => file.once('drain', resolve));
  file.end();
  await finished(file);
}
