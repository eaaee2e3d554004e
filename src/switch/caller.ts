/** Who makes a request. */

export interface Caller {
  /** Address of the other end, such as `ipv4:127.0.0.1:40312`. */
  readonly peer: string;
  /** Who they are, as far as the transport proved it; "anonymous" without authentication. */
  readonly principal: string;
}
