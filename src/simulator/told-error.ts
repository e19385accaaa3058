/** Something that the user can act on: its message is shown without a stack. */
export class ToldError extends Error {
  override readonly name = 'ToldError';
}
