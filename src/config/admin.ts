/** `admin`: where operators on this box ask. */
import { section } from "./sections.js";
import { unixSocket, unixSocketKeys } from "./unix-socket.js";

/** The section `admin`. */
export const admin = section(unixSocketKeys()).transform(unixSocket);
