/** What `doctor` finds out about an EventStoreDB. Records nothing. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { bad, type Finding, good } from '../../../app/ports.ts';
import { type EventStoreError, messageOf } from '../errors.ts';
import { type AppendAnswer, appendCall, readCall } from './calls.ts';
import { Connection, type Session } from './connection.ts';
import { lastEventRequest } from './read-requests.ts';
import { isSupported, OLDEST_VERSION, serverVersion } from './server-version.ts';
import { wireEvent } from './wire-event.ts';

/** For one check and for all of them, milliseconds. Asking the nodes of a cluster takes as long as it takes. */
const CHECK_MS = 1500;
const TOTAL_MS = 4500;
const SETTING = 'FLEETWAVE_EVENT_STORE';
/** Never written to: the check expects an event in it that is not there. */
const PROBED_STREAM = 'fleetwave-doctor';

const ADVICE_UNREACHABLE = `Start the server, or correct host, port and tls in ${SETTING}. A node that is not the leader must be able to name it.`;

/** Whether the server can be reached, is new enough, lets us read and append, and is ours alone. Never throws. */
export async function probeEventStoreDb(connectionString: string): Promise<Finding[]> {
  let connection: Connection;
  try {
    connection = new Connection({
      connectionString,
      log: () => undefined,
      deadline_ms: CHECK_MS,
      retryFor_ms: 0,
    });
  } catch (error) {
    return [bad('connection string', messageOf(error), `Correct ${SETTING}: esdb://user:password@host:2113`)];
  }
  const patience = new AbortController();
  const silent = bad('reachable', `nothing answers within ${TOTAL_MS} ms`, ADVICE_UNREACHABLE);
  const late = sleep(TOTAL_MS, [silent], { signal: patience.signal }).catch(() => [silent]);
  const checks = checkAll(connection).finally(() => connection.close());
  try {
    return await Promise.race([checks, late]);
  } finally {
    patience.abort();
  }
}

async function checkAll(connection: Connection): Promise<Finding[]> {
  const reached = await reach(connection);
  if (!reached.ok) return [reached];
  const read = await check(connection, 'read', readsLast);
  const append = await check(connection, 'append', mayAppend);
  return [reached, read, append];
}

async function reach(connection: Connection): Promise<Finding> {
  return await check(connection, 'reachable', async (session) => {
    const version = await serverVersion(session, CHECK_MS);
    const { address, port } = session.endpoint;
    const detail = `${address}:${port} is EventStoreDB ${version}`;
    return isSupported(version)
      ? good('reachable', detail)
      : bad('reachable', detail, `Use version ${OLDEST_VERSION} or later.`);
  });
}

/** Asks the leader when the first node is not it. */
async function check(
  connection: Connection,
  name: string,
  run: (session: Session) => Promise<Finding>,
): Promise<Finding> {
  for (let tries = 2; ; tries--) {
    let session: Session | null = null;
    try {
      session = await connection.session();
      return await run(session);
    } catch (error) {
      const { kind, error: known } = connection.failed(session, error);
      if (kind === 'moved' && tries > 1) continue;
      return bad(name, known.message, adviceFor(known));
    }
  }
}

function adviceFor({ code }: EventStoreError): string {
  if (code === 'denied')
    return `Give ${SETTING} a user who may read and write all streams, with TLS (without, no password is sent).`;
  if (code === 'unavailable') return ADVICE_UNREACHABLE;
  return `Look into the server's log; ${SETTING} must name an EventStoreDB of ${OLDEST_VERSION} or later.`;
}

async function readsLast(session: Session): Promise<Finding> {
  for await (const answers of readCall(session, lastEventRequest(null), { silence_ms: CHECK_MS }))
    for (const answer of answers) {
      const recorded = answer.getEvent()?.getEvent();
      if (recorded === undefined) continue;
      try {
        const { stream, revision } = wireEvent(recorded);
        return good('read', `the last event is ${stream}@${revision}`);
      } catch (error) {
        return bad('read', messageOf(error), `Let ${SETTING} name a server that only Fleetwave writes to.`);
      }
    }
  return good('read', 'the log is empty');
}

/** The server checks the permission before the revision, and the revision is wrong on purpose. */
async function mayAppend(session: Session): Promise<Finding> {
  const nothing = Buffer.from('{}');
  const event = { id: randomUUID(), type: 'Probed', data: nothing, metadata: nothing };
  const append = { stream: PROBED_STREAM, expectedRevision: 0, events: [event] };
  const answer: AppendAnswer = await appendCall(session, append, CHECK_MS);
  return answer.status === 'wrong-revision'
    ? good('append', 'appends are allowed')
    : bad('append', `the stream ${PROBED_STREAM} exists`, 'Let nobody else write to this server.');
}
