/** The demo on real engines: EventStoreDB's double, Kafka, a document store, Mosquitto and S3, and a process per role. */
import { join } from 'node:path';
import { startCluster } from './cluster.ts';
import { startEngines, stopEngines } from './engines.ts';
import type { Site, SiteOptions } from './site.ts';

export async function openDistributed({ workspace, output, onChild, onClose }: SiteOptions): Promise<Site> {
  const directory = workspace.file('engines');
  onClose(() => stopEngines(directory));
  output.say('Engines are starting (the first time they are fetched and built)');
  const { environment, versions } = await startEngines(directory, (line) => output.say(`  ${line}`));
  output.say(`Engines: ${Object.values(versions).join(' · ')}`);
  const mosquittoDirectory = join(directory, 'mosquitto');
  const cluster = await startCluster({ workspace, environment, mosquittoDirectory, onChild });
  output.say(`Processes: ${[...cluster.processes.keys()].join(', ')}; API on ${cluster.ready.http}`);
  return {
    ready: cluster.ready,
    servers: [...cluster.processes.values()],
    credentialsInForce: () => cluster.updateBroker(),
    close: () => stopEngines(directory),
  };
}
