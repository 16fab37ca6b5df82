/** Puts the page together: who acts, which channel, and the stream that keeps both up to date. */

import { PageError } from "./api.js";
import { Composer } from "./composer.js";
import { h } from "./dom.js";
import { channelHeader } from "./header.js";
import { Home } from "./home.js";
import { Live } from "./live.js";
import { Modal } from "./modal.js";
import { sidebar } from "./sidebar.js";
import { Store } from "./state.js";
import { ThreadPane, Timeline } from "./timeline.js";

const USER_KEY = `corrigible.user.${location.pathname}`; // each workspace of this address has people of its own
const FLASH_MS = 6000;
const byId = (id) => document.getElementById(id);

const store = new Store("");
const modal = new Modal(store, byId("modal"));
const composer = new Composer(store, byId("compose"));
const tabs = h("div", { class: "tabs", role: "group", "aria-label": "Parts of this conversation" });
const home = new Home(store, { root: byId("home"), tabs }, report);
let live = null;

new Timeline(store, { root: byId("timeline"), scroller: byId("scroller"), jump: byId("jump") });
new ThreadPane(store, byId("thread"));
sidebar(store, byId("sidebar"), { go, say: flash });
channelHeader(store, byId("channel-header"), {
  tabs,
  become,
  toggleSidebar: () => document.body.classList.toggle("sidebar-open"),
});
store.on("channel workspace unread", nameTab);
store.on("thread", writeHash);
addEventListener("hashchange", () => start().catch(report));
addEventListener("unhandledrejection", ({ reason }) => reason instanceof PageError && flash(reason.message));
document.addEventListener("click", ({ target }) => {
  if (!target.closest("#sidebar, [data-testid=menu]")) document.body.classList.remove("sidebar-open");
});
start().catch(report);

/** Goes where the address says (`#channel=…&user=…`); what it does not say is remembered, or the first there is. */
async function start() {
  const wanted = new URLSearchParams(location.hash.slice(1) || location.search);
  if (!live) await store.loadWorkspace(store.me);
  const person =
    find(store.people, wanted.get("user")) ??
    find(store.people, localStorage.getItem(USER_KEY)) ??
    store.people[0];
  if (!live || person.id !== store.me) await enter(person.id);
  const channels = [...store.channels.values()];
  const { id } = find(channels, wanted.get("channel")) ?? store.channels.get(store.channel) ?? channels[0];
  const thread = wanted.get("thread");
  if (id !== store.channel) await go(id, thread);
  else if (thread !== store.thread) store.openThread(thread);
  else writeHash();
}

/** By id or by name, so that addresses can be written by hand. */
const find = (all, wanted) => all.find(({ id, name }) => wanted && (id === wanted || name === wanted));

/** Acts as somebody else from now on, in the same channel where they can see it. */
async function become(user) {
  const { channel } = store;
  await enter(user);
  await go(
    store.channels.has(channel) ? channel : [...store.channels.values()].find((each) => each.is_im).id,
  );
}

async function enter(user) {
  live?.close();
  modal.closeAll();
  store.me = user;
  localStorage.setItem(USER_KEY, user);
  await store.loadWorkspace(user);
  live = new Live(user, {
    onEvent: receive,
    onOpen: catchUp,
    onLost: () => banner("Connection lost – retrying"),
  });
  store.findUnread().catch(report);
}

async function go(channel, thread = null) {
  document.body.classList.remove("sidebar-open");
  composer.swapDraft(store.channel, channel);
  const opened = store.open(channel, thread);
  composer.rename();
  writeHash();
  if (!thread && matchMedia("(hover: hover)").matches) composer.focus();
  await opened;
}

function receive(event) {
  if (event.view?.type === "home") home.update(event.view);
  else if (event.type.startsWith("view_")) modal.receive(event);
  else store.receive(event);
}

/** After each (re)connection: what happened while nobody listened. */
async function catchUp() {
  if (!byId("banner").hidden) await store.loadWorkspace(store.me);
  banner("");
  if (store.channel) await store.refresh();
}

function banner(text) {
  byId("banner").textContent = text;
  byId("banner").hidden = !text;
}

/** A banner that goes by itself. */
function flash(text) {
  banner(text);
  setTimeout(() => byId("banner").textContent === text && banner(""), FLASH_MS);
}

function report(error) {
  flash(error.message);
  if (!(error instanceof PageError)) throw error;
}

function writeHash() {
  const place = new URLSearchParams({
    channel: store.channel,
    user: store.me,
    ...(store.thread && { thread: store.thread }),
  });
  history.replaceState(null, "", `${location.pathname}#${place}`);
}

function nameTab() {
  const unread = [...store.unread.values()].reduce((sum, count) => sum + count, 0);
  const where = store.channels.has(store.channel) ? `${store.channelName(store.channel)} – ` : "";
  document.title = `${unread ? `(${unread}) ` : ""}${where}${store.team.name}`;
}
