import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type VehicleCommand, vehicleCommand } from '../../../src/domain/vehicle/commands.ts';
import { vehicleDecider } from '../../../src/domain/vehicle/decide.ts';
import { judgeEpoch, judgeReport } from '../../../src/domain/vehicle/epoch.ts';
import { type Ecu, ecu, type VehicleEvent, vehicleDescription } from '../../../src/domain/vehicle/events.ts';
import { fold, NOW, specify, testContext } from '../../support/decider-spec.ts';

const vehicleId = '1M8GDM9AXKP042788';
type Command<T extends VehicleCommand['type']> = Extract<VehicleCommand, { type: T }>;
const parse = <T extends VehicleCommand['type']>(command: { type: T; [field: string]: unknown }) =>
  vehicleCommand.parse(command) as Command<T>;

const describeAs = (changes: object = {}) =>
  vehicleDescription.parse({
    brand: 'Aurora',
    model: 'X1',
    region: 'DE',
    timeZone: 'Europe/Berlin',
    ...changes,
  });
const tcu = (serial: string, software = '1.0.0'): Ecu =>
  ecu.parse({
    type: 'TCU',
    serial,
    hardware: { part: 'T', version: '1' },
    components: [{ softwareVersion: software }],
  });
const cam = (position: string, serial = ''): Ecu => ({ ...tcu(serial), type: 'CAM', position });

const register = (changes: object = {}) =>
  parse({
    type: 'RegisterVehicle',
    vehicleId,
    vin: vehicleId,
    storedVin: { clear: vehicleId },
    description: describeAs(),
    ...changes,
  });
const registered: VehicleEvent = {
  type: 'VehicleRegistered',
  data: { vehicleId, vin: { clear: vehicleId }, checkDigitValid: true },
};
const described = (changes: object = {}): VehicleEvent => ({
  type: 'VehicleDescribed',
  data: { vehicleId, description: describeAs(changes) },
});
const epoch = (name: string, reset = 0) => ({ tcu: name, reset });
const source = (name: string, seq: number, reset = 0) => ({ epoch: epoch(name, reset), seq, sentAt: null });
const reported = (
  ecus: Ecu[],
  from: 'ota' | 'workshop' | 'plant' = 'plant',
  report: ReturnType<typeof source> | null = null,
): VehicleEvent => ({ type: 'InventoryReported', data: { vehicleId, source: from, ecus, report } });
const report = (
  ecus: Ecu[],
  from: 'ota' | 'workshop' | 'plant',
  by: ReturnType<typeof source> | null = null,
) => parse({ type: 'ReportInventory', source: from, ecus, report: by });
const opened = (
  next: ReturnType<typeof epoch>,
  closes: ReturnType<typeof epoch> | null,
  cause: 'first-contact' | 'reset' | 'replacement',
): VehicleEvent => ({ type: 'TcuEpochOpened', data: { vehicleId, epoch: next, closes, cause } });
const replaced = (
  removedSerial: string,
  installed: Ecu,
  from: 'ota' | 'workshop' = 'workshop',
): VehicleEvent => ({
  type: 'EcuReplaced',
  data: {
    vehicleId,
    type: installed.type,
    position: installed.position,
    removedSerial,
    installed,
    source: from,
  },
});
const issued = (generation: number, fleetSecretId = 's1'): VehicleEvent => ({
  type: 'CredentialIssued',
  data: { vehicleId, generation, fleetSecretId },
});
const revoked = (generation: number, reason = 'stolen'): VehicleEvent => ({
  type: 'CredentialRevoked',
  data: { vehicleId, generation, reason },
});
const decommissioned: VehicleEvent = {
  type: 'VehicleDecommissioned',
  data: { vehicleId, reason: 'scrapped', at: NOW },
};

const known = [registered, described()];
const equipped = [...known, reported([tcu('S1')])];
const onAir = [...equipped, opened(epoch('S1'), null, 'first-contact')];
const heard = [...onAir, reported([tcu('S1')], 'ota', source('S1', 7))];

describe('registering a vehicle', () => {
  specify(vehicleDecider, [
    { it: 'records VIN and description', when: register(), gives: known },
    {
      it: 'records what the plant built in',
      when: register({ ecus: [tcu('S1')] }),
      gives: equipped,
    },
    { it: 'again changes nothing', given: known, when: register(), gives: [] },
    {
      it: 'again long after, as it was at first, changes nothing',
      given: [
        ...equipped,
        described({ model: 'X2' }),
        reported([tcu('S1', '2.0.0')], 'ota', source('S1', 1)),
      ],
      when: register({ ecus: [tcu('S1')] }),
      gives: [],
    },
    {
      it: 'again as it is now changes nothing',
      given: [...known, described({ model: 'X2' })],
      when: register({ description: describeAs({ model: 'X2' }) }),
      gives: [],
    },
    {
      it: 'again as something else is refused',
      given: known,
      when: register({ description: describeAs({ model: 'X9' }) }),
      gives: 'vehicle-exists',
    },
    {
      it: 'again with other ECUs is refused',
      given: equipped,
      when: register({ ecus: [tcu('S9')] }),
      gives: 'vehicle-exists',
    },
    { it: 'needs a VIN', when: register({ vin: '1M8GDM9AXKPO42788' }), gives: 'invalid-vin' },
    {
      it: 'takes a VIN with another check digit, and says so',
      when: register({ vin: 'WVWZZZ1JZXW000001', storedVin: { sealed: 'AAAA', keyId: 'k' } }),
      gives: [
        {
          type: 'VehicleRegistered',
          data: { vehicleId, vin: { sealed: 'AAAA', keyId: 'k' }, checkDigitValid: false },
        },
        described(),
      ],
    },
    {
      it: 'needs a time zone that exists',
      when: register({ description: describeAs({ timeZone: 'Europe/Atlantis' }) }),
      gives: 'invalid-time-zone',
    },
    {
      it: 'keeps each tag once',
      when: register({ description: describeAs({ tags: ['pilot', 'beta', 'pilot'] }) }),
      gives: [registered, described({ tags: ['beta', 'pilot'] })],
    },
    {
      it: 'needs one ECU per place',
      when: register({ ecus: [cam('left'), cam('left')] }),
      gives: 'duplicate-ecu',
    },
    {
      it: 'takes ECUs of one type at several places',
      when: register({ ecus: [cam('left'), cam('right')] }),
      gives: [...known, reported([cam('left'), cam('right')])],
    },
    {
      it: 'needs each component once',
      when: register({
        ecus: [{ ...tcu('S1'), components: [{ softwareVersion: '1' }, { softwareVersion: '2' }] }],
      }),
      gives: 'duplicate-component',
    },
  ]);
});

describe('describing', () => {
  const change = parse({ type: 'DescribeVehicle', description: describeAs({ region: 'AT' }) });
  specify(vehicleDecider, [
    { it: 'records a change', given: known, when: change, gives: [described({ region: 'AT' })] },
    {
      it: 'records nothing without one',
      given: known,
      when: parse({ type: 'DescribeVehicle', description: describeAs() }),
      gives: [],
    },
    {
      it: 'needs a time zone that exists',
      given: known,
      when: parse({ type: 'DescribeVehicle', description: describeAs({ timeZone: '+01:00' }) }),
      gives: 'invalid-time-zone',
    },
    { it: 'needs a vehicle', when: change, gives: 'vehicle-not-found' },
  ]);
});

describe('inventory of a workshop', () => {
  specify(vehicleDecider, [
    {
      it: 'takes the place of the one before',
      given: equipped,
      when: report([tcu('S1'), cam('left')], 'workshop'),
      gives: [reported([tcu('S1'), cam('left')], 'workshop')],
    },
    {
      it: 'is recorded once',
      given: [...known, reported([tcu('S1')], 'workshop')],
      when: report([tcu('S1')], 'workshop'),
      gives: [],
    },
    {
      it: 'shows that an ECU was replaced',
      given: equipped,
      when: report([tcu('S2')], 'workshop'),
      gives: [replaced('S1', tcu('S2')), reported([tcu('S2')], 'workshop')],
    },
    {
      it: 'shows no replacement where a serial is not known',
      given: equipped,
      when: report([tcu('')], 'workshop'),
      gives: [reported([tcu('')], 'workshop')],
    },
    {
      it: 'has no epoch',
      given: equipped,
      when: report([tcu('S1')], 'workshop', source('S1', 1)),
      gives: 'invalid-source',
    },
    {
      it: 'needs one ECU per place',
      given: known,
      when: report([cam(''), cam('')], 'workshop'),
      gives: 'duplicate-ecu',
    },
  ]);
});

describe('inventory of a TCU', () => {
  specify(vehicleDecider, [
    {
      it: 'opens the first epoch',
      given: equipped,
      when: report([tcu('S1')], 'ota', source('S1', 3)),
      gives: [opened(epoch('S1'), null, 'first-contact'), reported([tcu('S1')], 'ota', source('S1', 3))],
    },
    {
      it: 'is recorded also without a change, for its seq',
      given: heard,
      when: report([tcu('S1')], 'ota', source('S1', 8)),
      gives: [reported([tcu('S1')], 'ota', source('S1', 8))],
    },
    {
      it: 'does not count when it is repeated',
      given: heard,
      when: report([tcu('S1', '2.0.0')], 'ota', source('S1', 7)),
      gives: [],
    },
    {
      it: 'does not count when a newer one overtook it',
      given: heard,
      when: report([tcu('S1', '0.9.0')], 'ota', source('S1', 6)),
      gives: [],
    },
    {
      it: 'opens an epoch after a reset, and counts from the beginning',
      given: heard,
      when: report([tcu('S1')], 'ota', source('S1', 1, 1)),
      gives: [opened(epoch('S1', 1), epoch('S1'), 'reset'), reported([tcu('S1')], 'ota', source('S1', 1, 1))],
    },
    {
      it: 'of another TCU opens an epoch and shows the replacement',
      given: heard,
      when: report([tcu('S2')], 'ota', source('S2', 1)),
      gives: [
        opened(epoch('S2'), epoch('S1'), 'replacement'),
        replaced('S1', tcu('S2'), 'ota'),
        reported([tcu('S2')], 'ota', source('S2', 1)),
      ],
    },
    {
      it: 'of a TCU that was replaced does not count, whatever its reset',
      given: [...heard, opened(epoch('S2'), epoch('S1'), 'replacement')],
      when: report([tcu('S1')], 'ota', source('S1', 9, 5)),
      gives: [],
    },
    {
      it: 'of an earlier reset does not count',
      given: [...heard, opened(epoch('S1', 2), epoch('S1'), 'reset')],
      when: report([tcu('S1')], 'ota', source('S1', 99, 1)),
      gives: [],
    },
    {
      it: 'names its epoch',
      given: equipped,
      when: report([tcu('S1')], 'ota'),
      gives: 'invalid-source',
    },
  ]);

  it.each([
    ['S1', 0, 8, 'new'],
    ['S1', 0, 7, 'repeated'],
    ['S1', 0, 1, 'repeated'],
    ['S1', 1, 1, 'opens-epoch'],
    ['S9', 0, 1, 'opens-epoch'],
    ['S0', 9, 1, 'stale-epoch'],
  ])('from %s reset %i seq %i is %s', (name, reset, seq, expected) => {
    const state = fold(vehicleDecider, [
      ...equipped,
      opened(epoch('S0', 3), null, 'first-contact'),
      opened(epoch('S1'), epoch('S0', 3), 'replacement'),
      reported([tcu('S1')], 'ota', source('S1', 7)),
    ]);
    if (state.stage === 'none') throw new Error('no vehicle');
    expect(judgeReport(state, source(name, seq, reset))).toBe(expected);
  });
});

describe('opening an epoch', () => {
  const open = (name: string, reset = 0) => parse({ type: 'OpenTcuEpoch', epoch: epoch(name, reset) });
  specify(vehicleDecider, [
    {
      it: 'records first contact',
      given: known,
      when: open('S1'),
      gives: [opened(epoch('S1'), null, 'first-contact')],
    },
    { it: 'is done once', given: onAir, when: open('S1'), gives: [] },
    {
      it: 'closes the one before',
      given: onAir,
      when: open('S2'),
      gives: [opened(epoch('S2'), epoch('S1'), 'replacement')],
    },
    {
      it: 'is not for a TCU that was replaced',
      given: [...onAir, opened(epoch('S2'), epoch('S1'), 'replacement')],
      when: open('S1', 7),
      gives: 'stale-epoch',
    },
  ]);
});

describe('replacing an ECU', () => {
  const replace = (installed: Ecu, ecuType = 'TCU') => parse({ type: 'ReplaceEcu', ecuType, installed });
  specify(vehicleDecider, [
    {
      it: 'records what came out and what went in',
      given: equipped,
      when: replace(tcu('S2')),
      gives: [replaced('S1', tcu('S2'))],
    },
    { it: 'is recorded once', given: equipped, when: replace(tcu('S1')), gives: [] },
    { it: 'needs one that is there', given: known, when: replace(tcu('S2')), gives: 'ecu-not-found' },
    { it: 'stays in its place', given: equipped, when: replace(tcu('S2'), 'CAM'), gives: 'ecu-mismatch' },
  ]);

  it('changes the inventory', () => {
    expect(fold(vehicleDecider, [...equipped, replaced('S1', tcu('S2'))])).toMatchObject({
      ecus: [{ serial: 'S2' }],
    });
  });
});

describe('credentials', () => {
  const issue = (fleetSecretId = 's1') => parse({ type: 'IssueCredential', fleetSecretId });
  const revoke = parse({ type: 'RevokeCredential', reason: 'stolen' });
  specify(vehicleDecider, [
    { it: 'begin at generation 1', given: known, when: issue(), gives: [issued(1)] },
    { it: 'stay while they hold', given: [...known, issued(1)], when: issue(), gives: [] },
    {
      it: 'are new after a revocation',
      given: [...known, issued(1), revoked(1)],
      when: issue(),
      gives: [issued(2)],
    },
    {
      it: 'are new with another fleet secret',
      given: [...known, issued(1)],
      when: issue('s2'),
      gives: [issued(2, 's2')],
    },
    {
      it: 'are replaced on demand',
      given: [...known, issued(1)],
      when: parse({ type: 'IssueCredential', fleetSecretId: 's1', replaces: 1 }),
      gives: [issued(2)],
    },
    {
      it: 'are not replaced twice',
      given: [...known, issued(1), issued(2)],
      when: parse({ type: 'IssueCredential', fleetSecretId: 's1', replaces: 1 }),
      gives: [],
    },
    { it: 'are revoked', given: [...known, issued(3)], when: revoke, gives: [revoked(3)] },
    { it: 'are revoked once', given: [...known, issued(1), revoked(1)], when: revoke, gives: [] },
  ]);
});

describe('service flags', () => {
  const flag = parse({ type: 'FlagService', code: 'brakes', reason: 'worn' });
  const clear = parse({ type: 'ClearService', code: 'brakes' });
  const flagged: VehicleEvent = {
    type: 'ServiceFlagged',
    data: { vehicleId, code: 'brakes', reason: 'worn' },
  };
  const cleared: VehicleEvent = { type: 'ServiceCleared', data: { vehicleId, code: 'brakes' } };
  specify(vehicleDecider, [
    { it: 'are set', given: known, when: flag, gives: [flagged] },
    { it: 'are set once', given: [...known, flagged], when: flag, gives: [] },
    { it: 'are cleared', given: [...known, flagged], when: clear, gives: [cleared] },
    { it: 'need not be there to be cleared', given: [...known, flagged, cleared], when: clear, gives: [] },
  ]);
});

describe('decommissioning', () => {
  const end = parse({ type: 'DecommissionVehicle', reason: 'scrapped' });
  specify(vehicleDecider, [
    { it: 'ends a vehicle', given: known, when: end, gives: [decommissioned] },
    {
      it: 'revokes its credential',
      given: [...known, issued(2)],
      when: end,
      gives: [revoked(2, 'vehicle decommissioned'), decommissioned],
    },
    {
      it: 'is for ever',
      given: [...known, decommissioned],
      when: register(),
      gives: 'vehicle-decommissioned',
    },
    {
      it: 'leaves nothing to report',
      given: [...heard, decommissioned],
      when: report([tcu('S1')], 'ota', source('S1', 8)),
      gives: 'vehicle-decommissioned',
    },
  ]);

  it('shows in the facts that artifacts are judged on', () => {
    expect(fold(vehicleDecider, [...heard, decommissioned])).toMatchObject({
      stage: 'decommissioned',
      decommissioned: true,
      brand: 'Aurora',
      region: 'DE',
    });
  });
});

describe('properties', () => {
  const serial = fc.constantFrom('S1', 'S2', 'S3');
  const commands: fc.Arbitrary<VehicleCommand> = fc.oneof(
    fc.constantFrom<VehicleCommand>(
      register(),
      register({ description: describeAs({ model: 'X9' }) }),
      parse({ type: 'DescribeVehicle', description: describeAs({ tags: ['b', 'a'] }) }),
      parse({ type: 'IssueCredential', fleetSecretId: 's1' }),
      parse({ type: 'IssueCredential', fleetSecretId: 's2' }),
      parse({ type: 'RevokeCredential', reason: 'stolen' }),
      parse({ type: 'FlagService', code: 'brakes', reason: 'worn' }),
      parse({ type: 'ClearService', code: 'brakes' }),
      parse({ type: 'ReplaceEcu', ecuType: 'TCU', installed: tcu('S9') }),
      report([tcu('S1')], 'workshop'),
    ),
    fc
      .tuple(serial, fc.nat(2), fc.integer({ min: 1, max: 5 }))
      .map(([name, reset, seq]) => report([tcu(name)], 'ota', source(name, seq, reset))),
    fc
      .tuple(serial, fc.nat(2))
      .map(([name, reset]) => parse({ type: 'OpenTcuEpoch', epoch: epoch(name, reset) })),
  );
  const end = parse({ type: 'DecommissionVehicle', reason: 'scrapped' });

  it('a repeated command has no effect; epochs and generations never go back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ arbitrary: commands, weight: 20 }, fc.constant(end)), { maxLength: 25 }),
        (list) => {
          let state = vehicleDecider.initialState;
          for (const command of [register(), ...list]) {
            const before = state;
            const decision = vehicleDecider.decide(state, command, testContext());
            if (!decision.ok) continue;
            state = decision.events.reduce(vehicleDecider.evolve, state);
            expect(vehicleDecider.decide(state, command, testContext())).toEqual({ ok: true, events: [] });
            if (state.stage === 'none' || before.stage === 'none') continue;
            expect(state.generation).toBeGreaterThanOrEqual(before.generation);
            if (before.epoch === null || state.epoch === before.epoch) continue;
            expect(judgeEpoch(before, state.epoch ?? before.epoch)).toBe('opens');
            expect(judgeEpoch(state, before.epoch)).toBe('stale');
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});
