import { Component, type ReactNode } from 'react';

/** What goes wrong in one page leaves the rest of the dashboard alone. */
export class Boundary extends Component<{ readonly children: ReactNode }, { readonly error: Error | null }> {
  override state: { readonly error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error): { readonly error: Error } {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <div className="notice bad" role="alert">
        <strong>This page stopped: {error.message}</strong>
        <span className="small quiet">
          It may be of another version than the server. Nothing was changed by it.
        </span>
        <div className="row">
          <button type="button" className="button" onClick={() => window.location.reload()}>
            Load it again
          </button>
        </div>
      </div>
    );
  }
}
