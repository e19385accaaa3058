/** Appends until it is killed; each line it prints is the position of a durable event. */
import { openSqliteEventStore } from '../../../../src/adapters/event-store/sqlite/sqlite-event-store.ts';
import { append } from '../../../contract/event-store/samples.ts';

const store = await openSqliteEventStore({ path: process.argv[2] ?? '' });
for (let n = 0; ; n++) process.stdout.write(`${await append(store, `a-${n % 7}`, Math.floor(n / 7) - 1)}\n`);
