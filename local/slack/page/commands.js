/** Slash commands, from wherever on the page they are given. */

import { PageError, post } from "./api.js";

export async function runCommand(store, command, text) {
  const { acknowledged } = await post("command", { user: store.me, channel: store.channel, command, text });
  if (!acknowledged) throw new PageError(`${command} failed: corrigible did not answer in time.`);
}
