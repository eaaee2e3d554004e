/** The datapath of a device cannot be opened: exit 69, or 77 where a privilege is missing. */
export class DatapathError extends Error {
  override readonly name = "DatapathError";

  /**
   * @param message names the device, what is wrong and what to do
   * @param reason `unavailable`: it is not there now; `privilege`: the process may not
   */
  constructor(
    message: string,
    readonly reason: "unavailable" | "privilege" = "unavailable",
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
