/** Which selectors there are, what each can be compared with, and what was probably meant by others. */
import { isSemver } from '../shared/version.ts';
import { ECU_FIELDS, listOf, type Operator, type Pattern, type Selector, VEHICLE_FIELDS } from './ast.ts';
import { fail, nearest } from './errors.ts';
import { hasWildcard, plainText } from './pattern.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/;
const EXAMPLE =
  'Write ecu.TYPE.software, ecu.TYPE.COMPONENT.software, ecu.TYPE.hardwarePart, ecu.TYPE.hardwareVersion or ecu.TYPE.present.';

/** @throws QuerySyntaxError for a name that is no selector. @param at where it begins in the query. */
export function readSelector(name: string, at: number): Selector {
  if (name === 'ecu' || name.startsWith('ecu.')) return readEcuSelector(name, at);
  const field = VEHICLE_FIELDS.find((known) => known === name);
  if (field !== undefined) return { kind: 'vehicle', field };
  const meant = nearest(name, [...VEHICLE_FIELDS, 'ecu']);
  const hint = meant === null ? EXAMPLE : `Did you mean ${meant}?`;
  return fail(at, name.length, `there is no selector ${name}`, hint, [...VEHICLE_FIELDS, 'ecu.TYPE.…']);
}

function readEcuSelector(name: string, at: number): Selector {
  const [, type = '', ...rest] = name.split('.');
  const field = rest.pop() ?? '';
  const [component = 'main', ...tooMany] = rest;
  if (!NAME.test(type))
    return fail(at, name.length, 'an ECU selector names an ECU type and a field', EXAMPLE, [
      'ecu.TYPE.software',
    ]);
  const fieldAt = at + name.length - field.length;
  if (field === 'serial' || field === 'serials')
    return fail(
      fieldAt,
      field.length,
      'serial numbers are not kept for targeting',
      'Upload the vehicles as a list (PUT /v1/vehicle-lists/{id}) and write vehicle=in=list:{id}.',
      ECU_FIELDS,
    );
  const known = ECU_FIELDS.find((one) => one === field);
  if (known === undefined) {
    const meant = nearest(field, ECU_FIELDS);
    const hint = meant === null ? EXAMPLE : `Did you mean ${meant}?`;
    return fail(
      fieldAt,
      field.length,
      `an ECU has no field ${field === '' ? '(nothing)' : field}`,
      hint,
      ECU_FIELDS,
    );
  }
  if (tooMany.length > 0 || !NAME.test(component) || (rest.length > 0 && known !== 'software'))
    return fail(at, name.length, `${name} has parts that mean nothing`, EXAMPLE, [
      'ecu.TYPE.COMPONENT.software',
    ]);
  return { kind: 'ecu', type, component, field: known };
}

const EQUALITY: readonly Operator[] = ['==', '!=', '=in=', '=out='];
const ORDER: readonly Operator[] = ['<', '<=', '>', '>='];

function operatorsOf(selector: Selector): readonly Operator[] {
  if (selector.field === 'present') return ['==', '!='];
  const ordered =
    selector.field === 'buildDate' || selector.field === 'software' || selector.field === 'hardwareVersion';
  return ordered ? [...EQUALITY, ...ORDER] : EQUALITY;
}

export interface Place {
  readonly at: number;
  readonly length: number;
}

/** @throws QuerySyntaxError when the selector can't be compared like that. */
export function checkOperator(selector: Selector, operator: Operator, { at, length }: Place): void {
  const allowed = operatorsOf(selector);
  if (!allowed.includes(operator))
    fail(
      at,
      length,
      `${selector.field} can't be compared with ${operator}`,
      ORDER.includes(operator) ? 'Only versions and dates have an order.' : 'Compare it with true or false.',
      allowed,
    );
}

/** @throws QuerySyntaxError when the value can't be one of the selector. */
export function checkValue(
  selector: Selector,
  operator: Operator,
  value: Pattern,
  { at, length }: Place,
): void {
  const wild = hasWildcard(value);
  if (wild && operator !== '==' && operator !== '!=')
    fail(at, length, `wildcards don't go with ${operator}`, "Use * with == and !=, or quote it: '\\*'.");
  const text = plainText(value);
  if (selector.field === 'present' && text !== 'true' && text !== 'false')
    fail(at, length, 'an ECU is present or not', 'Write true or false.', ['true', 'false']);
  if (selector.field === 'buildDate' && !wild && !isDate(text))
    fail(at, length, `${text} is no date`, 'Write it as YYYY-MM-DD, such as 2024-03-31; or 2024-* with ==.');
  if (selector.field === 'region' && !wild && !/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/.test(text))
    fail(at, length, `${text} is no region`, 'Write an ISO 3166 code, such as DE or DE-BY.');
  if (ORDER.includes(operator) && selector.kind === 'ecu' && !isSemver(text))
    fail(
      at,
      length,
      `${text} is no semantic version, so it has no order`,
      'Write it like 2.1.0, or compare with == and =in=.',
    );
  if (selector.field === 'vehicle' && listOf(value) !== null && !/^list:[a-z0-9][a-z0-9-]{0,62}$/.test(text))
    fail(
      at,
      length,
      `${text} names no list`,
      'Write list: and the id of the list: lower-case letters, digits and -.',
    );
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** A day of the Gregorian calendar. */
export function isDate(text: string): boolean {
  const parts = DATE.exec(text);
  if (parts === null) return false;
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day >= 1 && day <= (month === 2 && !leap ? 28 : (DAYS[month - 1] ?? 0));
}
