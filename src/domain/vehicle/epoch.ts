/** Which TCU speaks for a vehicle, and which of its messages still count (DESIGN §4.1, §4.2). */
import type { TcuEpoch, VehicleEvent } from './events.ts';
import type { Vehicle } from './state.ts';

export type EpochJudgement = 'current' | 'opens' | 'stale';
export type ReportJudgement = 'new' | 'repeated' | 'stale-epoch' | 'opens-epoch';

/**
 * A TCU never heard of opens an epoch by itself (a garage swaps it unannounced, under a valid credential), and
 * so does a higher reset of the current one. A lower reset, or a TCU that was replaced, is stale.
 */
export function judgeEpoch(vehicle: Pick<Vehicle, 'epoch' | 'closedTcus'>, epoch: TcuEpoch): EpochJudgement {
  const current = vehicle.epoch;
  if (current?.tcu === epoch.tcu) {
    if (epoch.reset === current.reset) return 'current';
    return epoch.reset > current.reset ? 'opens' : 'stale';
  }
  return vehicle.closedTcus.includes(epoch.tcu) ? 'stale' : 'opens';
}

/** What an inventory message with this epoch and seq is. `repeated` also when a newer one overtook it. */
export function judgeReport(
  vehicle: Pick<Vehicle, 'epoch' | 'closedTcus' | 'lastInventorySeq'>,
  report: { readonly epoch: TcuEpoch; readonly seq: number },
): ReportJudgement {
  const judgement = judgeEpoch(vehicle, report.epoch);
  if (judgement === 'stale') return 'stale-epoch';
  if (judgement === 'opens') return 'opens-epoch';
  return report.seq > vehicle.lastInventorySeq ? 'new' : 'repeated';
}

/** The event by which an epoch that `opens` is opened. */
export function epochOpened(vehicle: Vehicle, epoch: TcuEpoch): VehicleEvent {
  const closes = vehicle.epoch;
  const cause =
    closes === null ? 'first-contact' : closes.tcu === epoch.tcu ? ('reset' as const) : 'replacement';
  return { type: 'TcuEpochOpened', data: { vehicleId: vehicle.vehicleId, epoch, closes, cause } };
}
