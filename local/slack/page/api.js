/** The page's half of /page/*: JSON out, JSON in; a refusal becomes a PageError that a person can read. */

const WORDS = {
  msg_too_long: "That is longer than the 40,000 characters a message may have. Please shorten it.",
  no_text: "An empty message cannot be sent.",
  not_in_channel: "corrigible is not in this channel. Invite it with /invite @corrigible.",
  cant_update_message: "Only your own messages can be edited.",
  cant_delete_message: "Only your own messages can be deleted.",
  message_not_found: "That message is no longer there.",
  channel_not_found: "That channel is no longer there.",
  not_acknowledged: "corrigible did not answer in time. Please try again.",
  already_reacted: "You have reacted with that emoji already.",
  invalid_name: "Channel names take small letters, digits, - and _ only.",
  app_not_installed: "corrigible is not installed in this workspace.",
  name_taken: "There is already a channel of that name.",
};

export class PageError extends Error {}

async function call(path, options) {
  const response = await fetch(`page/${path}`, options).catch(() => {
    throw new PageError("The workspace does not answer. Is it still running?");
  });
  const answer = await response.json().catch(() => ({ ok: false, error: `HTTP ${response.status}` }));
  if (!response.ok || answer.ok === false) {
    throw new PageError(WORDS[answer.error] ?? `The workspace refused this: ${answer.error}`);
  }
  return answer;
}

export const get = (path, query) => call(`${path}?${new URLSearchParams(query)}`);

export const post = (path, body) =>
  call(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
