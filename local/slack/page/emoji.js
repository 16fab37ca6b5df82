/** Every :shortcode: that Slack knows, and its character: the server has the table. */

const answer = await fetch(new URL("emoji.json", import.meta.url));

/** @type {Map<string, string>} shortcode (without colons) to character */
export const EMOJI = new Map(Object.entries(await answer.json()));
