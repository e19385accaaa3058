/** All engines that can be started natively, by name. A recipe is loaded when it is used. */
import type { EngineName, EngineRecipe } from './engine.ts';

const SETTINGS: Readonly<Record<EngineName, string>> = {
  'eventstore-double': 'FLEETWAVE_EVENT_STORE',
  kafka: 'FLEETWAVE_KAFKA',
  documents: 'FLEETWAVE_MONGODB',
  mosquitto: 'FLEETWAVE_MQTT',
  s3: 'FLEETWAVE_S3',
  azurite: 'FLEETWAVE_AZURE_BLOB',
};

export const ENGINES = Object.keys(SETTINGS) as readonly EngineName[];

export const recipe = (name: EngineName): EngineRecipe => ({
  name,
  setting: SETTINGS[name],
  install: async (say) => await (await load(name)).install(say),
  start: async (options) => await (await load(name)).start(options),
});

const isRecipe = (value: unknown): value is EngineRecipe =>
  typeof value === 'object' && value !== null && 'start' in value && 'install' in value;

async function load(name: EngineName): Promise<EngineRecipe> {
  const path = `./${name}.ts`;
  const module = (await import(path)) as Record<string, unknown>;
  const found = Object.values(module).find(isRecipe);
  if (found === undefined) throw new Error(`scripts/engines/${name}.ts has no recipe.`);
  return found;
}
