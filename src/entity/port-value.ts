/** A port that an entity names outside of match fields and action parameters: watch ports and replicas. @see P4Runtime §18.2 */

export interface PortValue {
  /** The port's number, as the datapath knows it. */
  readonly id: number;
  /** As read back: canonical bytes in the controller's representation; for `legacy` those of the number. */
  readonly sdn: Uint8Array;
  /** True if the controller used the deprecated number field instead of bytes (`watch`, `Replica.egress_port`). */
  readonly legacy: boolean;
}
