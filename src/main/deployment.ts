/** What is fixed by the first start of a data directory, and read at every later one. */
import { type CommandEnvelope, handleCommand, type Runtime } from '../app/handle-command.ts';
import { type Config, ConfigError } from '../config.ts';
import { deploymentDecider } from '../domain/deployment/decide.ts';
import type { Deployment } from '../domain/deployment/state.ts';
import { SHARD_COUNT } from '../domain/shared/shard.ts';
import { DEPLOYMENT_STREAM } from '../domain/shared/streams.ts';

const envelope: CommandEnvelope = { actor: { kind: 'system', id: 'start' }, source: 'system' };

/** @throws ConfigError when the log was made with another shard count or form of vehicle ids. */
export async function openDeployment(runtime: Runtime, config: Config): Promise<Deployment> {
  const command = { type: 'StartDeployment', shards: SHARD_COUNT, identity: config.identity } as const;
  const outcome = await handleCommand(runtime, DEPLOYMENT_STREAM, deploymentDecider, command, envelope, {});
  if (!outcome.ok) throw new ConfigError(`${outcome.rejection.message}. ${outcome.rejection.hint}`);
  if (outcome.state === null) throw new Error('the deployment was not recorded');
  return outcome.state;
}
