/** What a datapath refuses while a step is planned, as a situation that controllers know. */
import { situations } from "../base/situation.js";
import { Code, StatusError, type Status } from "../base/status.js";

/** The error of an update that the plan did not take: no room, or nothing that does it. */
export function backendRefusal(status: Status): StatusError {
  const situation = status.code === Code.RESOURCE_EXHAUSTED ? situations["datapath-full"] : situations.unsupported;
  return new StatusError({ ...status, number: situation.number });
}
