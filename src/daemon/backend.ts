/** What stands between the daemon and the datapath of a device, whichever that is. */
import type { Logger } from "../base/logger.js";
import type { Datapath } from "../datapath/datapath.js";
import type { Injector } from "../datapath/injector.js";
import type { RunFolder } from "./run-folder.js";

/** What a device realises its rules with. */
export interface Backend {
  readonly datapath: Datapath;
  /** Set if that is a software switch. */
  readonly injector: Injector | undefined;
  /** Closes the datapath, and gives up what it held. */
  readonly close: () => Promise<void>;
}

/** What devices need of their daemon. */
export interface DeviceSurroundings {
  readonly log: Logger;
  /** Where kernel datapaths keep their pins, locks and records. */
  readonly folder: RunFolder;
  /** Called if a device cannot go on. */
  readonly failed: (error: unknown) => void;
}
