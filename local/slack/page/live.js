/** The event stream of one person; comes back by itself, a little later each time. */

const FIRST_MS = 300;
const LONGEST_MS = 8000;

export class Live {
  /** @param {{onEvent: function(Object), onOpen: function(), onLost: function()}} handlers */
  constructor(user, handlers) {
    this.url = new URL(`page/events?user=${encodeURIComponent(user)}`, location.href.replace(/^http/, "ws"));
    this.handlers = handlers;
    this.delay = FIRST_MS;
    this.connect();
  }

  connect() {
    this.socket = new WebSocket(this.url);
    this.socket.onmessage = ({ data }) => this.handlers.onEvent(JSON.parse(data));
    this.socket.onopen = () => {
      this.delay = FIRST_MS;
      this.handlers.onOpen();
    };
    this.socket.onclose = () => this.retry();
  }

  retry() {
    this.handlers.onLost();
    this.timer = setTimeout(() => this.connect(), this.delay * (0.75 + Math.random() / 2));
    this.delay = Math.min(this.delay * 2, LONGEST_MS);
  }

  close() {
    clearTimeout(this.timer);
    this.socket.onclose = null;
    this.socket.onmessage = null;
    this.socket.onopen = null;
    this.socket.close();
  }
}
