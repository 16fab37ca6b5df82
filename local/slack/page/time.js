/** What a Slack `ts` says to a reader. */

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const DATES = {
  date_num: { dateStyle: "short" },
  date: { dateStyle: "long" },
  date_short: { dateStyle: "medium" },
  date_long: { dateStyle: "full" },
  date_pretty: { dateStyle: "long" },
  date_short_pretty: { dateStyle: "medium" },
  date_long_pretty: { dateStyle: "full" },
  time: { timeStyle: "short" },
  time_secs: { timeStyle: "medium" },
};

export const dateOf = (ts) => new Date(Number(ts) * 1000);
export const clockTime = (ts) => clock.format(dateOf(ts));
export const fullTime = (ts) => full.format(dateOf(ts));
export const dayKey = (ts) => dateOf(ts).toDateString();

/** "Today", "Yesterday" or the day's name. */
export function dayName(ts, now = new Date()) {
  const yesterday = new Date(now);
  yesterday.setDate(now.getDate() - 1);
  if (dayKey(ts) === now.toDateString()) return "Today";
  return dayKey(ts) === yesterday.toDateString() ? "Yesterday" : day.format(dateOf(ts));
}

/** Fills Slack's `{date_short} at {time}` patterns. */
export function fillDate(pattern, seconds) {
  return pattern.replace(/\{(\w+)\}/g, (whole, name) =>
    DATES[name] ? new Intl.DateTimeFormat(undefined, DATES[name]).format(dateOf(seconds)) : whole,
  );
}
