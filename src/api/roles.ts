/** Who may do what: every operation has exactly one entry, and a test compares the table with the routes. */
import { ROLES, type Role } from '../domain/access/events.ts';

/**
 * `open` needs no key; `content-token` takes the token of a vehicle's grant instead of a key; otherwise a key of a
 * person with one of the roles. An admin may use every operation, but is no way round four eyes: those
 * compare persons, in the domain.
 */
export type Access = 'open' | 'content-token' | readonly Role[];

const anyone: readonly Role[] = ROLES;
const by = (...roles: readonly Role[]): readonly Role[] => [...roles, 'admin'];

export const ACCESS = {
  registerArtifact: by('developer'),
  uploadFile: by('developer'),
  describeUploads: 'open',
  beginUpload: by('developer'),
  listUploads: by('developer'),
  getUpload: by('developer'),
  continueUpload: by('developer'),
  cancelUpload: by('developer'),
  validateArtifact: by('validator'),
  releaseArtifact: by('approver'),
  deprecateArtifact: by('approver', 'developer'),
  withdrawArtifact: by('approver', 'operator'),
  listArtifacts: anyone,
  getArtifact: anyone,
  getArtifactCompatibility: anyone,
  listArtifactVersions: anyone,

  registerVehicle: by('operator', 'planner'),
  importVehicles: by('operator', 'planner'),
  reportInventory: by('operator'),
  replaceEcu: by('operator'),
  describeVehicle: by('operator', 'planner'),
  decommissionVehicle: by('operator'),
  flagService: by('operator'),
  clearService: by('operator'),
  issueCredential: by('operator'),
  issueCredentials: by('operator'),
  revokeCredential: by('operator'),
  listVehicles: anyone,
  getVehicle: anyone,
  getAvailableUpdates: anyone,
  getVehicleAssignments: anyone,
  getInventoryHistory: anyone,
  explainVehicle: anyone,
  getInventoryAsOf: anyone,
  listVehicleMessages: anyone,
  exportVehicleMessages: anyone,
  getInstalledBase: anyone,

  createCampaign: by('planner'),
  defineTargeting: by('planner'),
  approveCampaign: by('approver'),
  scheduleCampaign: by('planner', 'operator'),
  startCampaign: by('operator'),
  pauseCampaign: by('operator', 'planner', 'approver'),
  resumeCampaign: by('operator'),
  abortCampaign: by('operator', 'approver'),
  confirmWave: by('operator', 'approver'),
  amendCampaign: by('planner'),
  reviewCampaign: by('analyst', 'planner', 'approver'),
  listCampaigns: anyone,
  getCampaign: anyone,
  getCampaignProgress: anyone,
  listCampaignAssignments: anyone,
  exportCampaignEvents: anyone,
  getCampaignHistory: anyone,
  watchCampaign: anyone,
  getCampaignState: anyone,
  getCampaignSeries: anyone,
  getCampaignDiff: anyone,
  askWhatIf: anyone,
  getCampaignEvidence: anyone,
  getCampaignReport: anyone,
  getCampaignReportPage: anyone,
  exportAssignments: anyone,
  exportEvents: anyone,
  exportSoftwareHistory: anyone,
  getVehicleEvidence: anyone,

  previewTargeting: anyone,
  putVehicleList: by('planner', 'operator'),
  getFleetStatus: anyone,
  stopEmergency: by('operator', 'approver', 'planner'),
  liftEmergency: by('approver'),
  listDeadLetters: anyone,
  listFailures: anyone,
  listSigningKeys: 'open',
  addKey: by(),
  listKeys: by(),
  revokeKey: by(),
  getContent: 'content-token',

  openSession: anyone,
  getSession: anyone,
  closeSession: 'open',

  livez: 'open',
  readyz: 'open',
  getMetrics: 'open',
  getOpenApi: 'open',
  getAsyncApi: 'open',
  listProblems: 'open',
} as const satisfies Record<string, Access>;

export type OperationId = keyof typeof ACCESS;

export const accessOf = (operation: OperationId): Access => ACCESS[operation];
