import type { z } from 'zod';

/** An event as deciders see it: a type and its data. `schemaVersion` is the newest, older ones are upcast on read. */
export interface DomainEventShape {
  readonly type: string;
  readonly data: unknown;
}

/** One step of upcasting: data of version `n` in, data of version `n + 1` out. Pure; must accept all stored data. */
export type Upcaster = (data: Readonly<Record<string, unknown>>) => Record<string, unknown>;

/** How one event type is written and read. `upcasters[0]` takes version 1 to 2, and so on. */
export interface EventDefinition<Type extends string = string, Schema extends z.ZodType = z.ZodType> {
  readonly type: Type;
  readonly schemaVersion: number;
  readonly schema: Schema;
  readonly upcasters: readonly Upcaster[];
}

export function defineEvent<const Type extends string, Schema extends z.ZodType>(
  type: Type,
  schema: Schema,
  upcasters: readonly Upcaster[] = [],
): EventDefinition<Type, Schema> {
  return { type, schema, upcasters, schemaVersion: upcasters.length + 1 };
}

/**
 * Data stored under an older or the newest version of a definition, as the newest one.
 * @throws Error when it does not match the schema: the log is damaged.
 */
export function readAs<Schema extends z.ZodType>(
  definition: EventDefinition<string, Schema>,
  schemaVersion: number,
  data: unknown,
): z.infer<Schema> {
  let current = data;
  for (const upcast of definition.upcasters.slice(schemaVersion - 1))
    current = upcast(current as Record<string, unknown>);
  const parsed = definition.schema.safeParse(current);
  if (!parsed.success)
    throw new Error(
      `stored ${definition.type} v${schemaVersion} does not match its schema: ${parsed.error.message}`,
    );
  return parsed.data;
}

/** The union of `{type, data}` that a list of definitions describes. */
export type EventOf<Definition> =
  Definition extends EventDefinition<infer Type, infer Schema>
    ? { readonly type: Type; readonly data: z.infer<Schema> }
    : never;
