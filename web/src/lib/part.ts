/** Parts of the page that are loaded when they are gone to, also when the server is away just then. */
import { type ComponentType, lazy } from 'react';
import { whenThere } from './when-there.ts';

export const part = <P extends object>(load: () => Promise<{ readonly default: ComponentType<P> }>) =>
  lazy(() => load().catch(() => whenThere(load)));
