/** `node start-shared.ts DIRECTORY`: a process that wants the shared web server, and says which one it got. */
import { startShared } from '../../../scripts/engines/shared.ts';
import { webServer } from './web-server.ts';

const { pid } = await startShared(webServer, process.argv[2] ?? '');
console.log(pid);
