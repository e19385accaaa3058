/** All engines that can be started natively, by name. What starts them is loaded when it is used. */
import type { EngineName, EngineRecipe } from './engine.ts';

interface Entry {
  readonly setting: string;
  load(): Promise<EngineRecipe>;
}

const TABLE: Readonly<Record<EngineName, Entry>> = {
  'eventstore-double': {
    setting: 'FLEETWAVE_EVENT_STORE',
    load: async () => (await import('./eventstore-double.ts')).eventStoreDouble,
  },
  kafka: { setting: 'FLEETWAVE_KAFKA', load: async () => (await import('./kafka.ts')).kafka },
  documents: { setting: 'FLEETWAVE_MONGODB', load: async () => (await import('./documents.ts')).documents },
  mosquitto: { setting: 'FLEETWAVE_MQTT', load: async () => (await import('./mosquitto.ts')).mosquitto },
  s3: { setting: 'FLEETWAVE_S3', load: async () => (await import('./s3.ts')).s3 },
  azurite: { setting: 'FLEETWAVE_AZURE_BLOB', load: async () => (await import('./azurite.ts')).azurite },
};

export const ENGINES = Object.keys(TABLE) as readonly EngineName[];

export const recipe = (name: EngineName): EngineRecipe => {
  const { setting, load } = TABLE[name];
  return {
    name,
    setting,
    install: async (say) => await (await load()).install(say),
    start: async (options) => await (await load()).start(options),
  };
};
