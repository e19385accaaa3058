/**
 * Every interface to the outside (DESIGN §2). Asynchronous and batch-shaped; adapters implement them, one
 * contract suite each in `test/contract`. Nothing here knows of SQLite, Kafka, MongoDB or MQTT.
 */

export * from './ports/artifact-store.ts';
export * from './ports/clock.ts';
export * from './ports/event-publisher.ts';
export * from './ports/event-store.ts';
export * from './ports/feedback.ts';
export * from './ports/grants.ts';
export * from './ports/keys.ts';
export * from './ports/leadership.ts';
export * from './ports/log.ts';
export * from './ports/presence.ts';
export * from './ports/probe.ts';
export * from './ports/projection.ts';
export * from './ports/read-model.ts';
export * from './ports/staging-store.ts';
export * from './ports/targeting.ts';
export * from './ports/vehicle-link.ts';
