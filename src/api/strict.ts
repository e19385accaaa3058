/**
 * Makes every object inside a schema refuse unknown fields. Event schemas ignore them, because a reader must
 * take what a newer writer added; a caller's misspelt `maxAttempt` must be refused, not dropped in silence.
 */
import { z } from 'zod';

type Def = Record<string, unknown> & { type: string };

/** Copies a definition with some fields replaced, keeping getters (`defaultValue` makes a fresh value each time). */
function withFields(def: Def, fields: Record<string, unknown>): Def {
  const copy: PropertyDescriptorMap = Object.getOwnPropertyDescriptors(def);
  for (const [key, value] of Object.entries(fields))
    copy[key] = { value, enumerable: true, configurable: true, writable: true };
  return Object.defineProperties({}, copy) as Def;
}

const rebuild = (schema: z.ZodType, fields: Record<string, unknown>): z.ZodType => {
  const next = schema.clone(withFields(schema.def as unknown as Def, fields) as never);
  const meta = schema.meta();
  return meta === undefined ? next : next.meta(meta);
};

function deepen(schema: z.ZodType): z.ZodType {
  const def = schema.def as unknown as Def;
  switch (def.type) {
    case 'object': {
      const shape = Object.fromEntries(
        Object.entries(def['shape'] as Record<string, z.ZodType>).map(([key, field]) => [key, deepen(field)]),
      );
      return rebuild(schema, { shape, catchall: z.never() });
    }
    case 'array':
      return rebuild(schema, { element: deepen(def['element'] as z.ZodType) });
    case 'union':
      return rebuild(schema, { options: (def['options'] as z.ZodType[]).map(deepen) });
    case 'tuple':
      return rebuild(schema, { items: (def['items'] as z.ZodType[]).map(deepen) });
    case 'record':
      return rebuild(schema, { valueType: deepen(def['valueType'] as z.ZodType) });
    case 'nullable':
    case 'optional':
    case 'default':
    case 'prefault':
    case 'readonly':
      return rebuild(schema, { innerType: deepen(def['innerType'] as z.ZodType) });
    default:
      return schema;
  }
}

export const strict = <T extends z.ZodType>(schema: T): T => deepen(schema) as T;
