/** Where the demo's server runs: one process on the embedded default, or its roles on real engines. */

import type { Output } from './output.ts';
import type { Child, Ready } from './processes.ts';
import { startServer } from './processes.ts';
import type { Workspace } from './workspace.ts';

export interface Site {
  readonly ready: Ready;
  /** Server processes. Each that ends while the demo runs ends it. */
  readonly servers: readonly Child[];
  /** Resolves when vehicles get in with the credentials that they have been issued by now. */
  credentialsInForce(): Promise<void>;
  /** Ends what is not a child: engines in the background. */
  close(): Promise<void>;
}

export interface SiteOptions {
  readonly workspace: Workspace;
  readonly output: Output;
  /** Is told of every process at once, so that it is ended whatever happens. */
  readonly onChild: (child: Child) => void;
  /** Is told how to end the engines before they are started. */
  readonly onClose: (close: () => Promise<void>) => void;
}

export async function openEmbedded({ workspace, output, onChild }: SiteOptions): Promise<Site> {
  const { child, ready } = await startServer(workspace.dataDir, workspace.file('server.log'));
  onChild(child);
  output.say(`Server on ${ready.http}, data in ${workspace.dataDir}`);
  return {
    ready,
    servers: [child],
    credentialsInForce: async () => undefined,
    close: async () => undefined,
  };
}
