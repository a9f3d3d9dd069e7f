// What the tour says, and how it sees that each step was done. Pure, but for the places on the page that it points at.

import { interactionOf } from "./world.js";

const BOT = "Billing Bot";
const FIRST = "billing-1";
const SECOND = "billing-2";
const ALERTS = "bots-alerts";
const STOP = `/bots stop env:Production bot:${BOT} connector:${FIRST} reason:the tour`;
// As long as a prompt can be pressed, less what it takes to say so.
const PROMPT_LASTS = 115_000;

// What a step may ask of the page: `since` is when the tour began, in milliseconds.
export class Facts {
  constructor(world, fleet, channelId, since) {
    Object.assign(this, { world, fleet, since });
    this.channel = world.channels.get(channelId);
  }

  get me() {
    return this.world.me?.user.username;
  }

  messages(channelName) {
    const channel = [...this.world.channels.values()].find((one) => one.name === channelName);
    return channel ? this.world.messagesOf(channel.id) : [];
  }

  // The newest message that this finds, in whatever channel I see.
  newest(fits) {
    return [...this.world.messages.keys()]
      .flatMap((id) => this.world.messagesOf(id))
      .filter((message) => Date.parse(message.timestamp) > this.since && fits(message))
      .at(-1);
  }

  answered(command) {
    return Boolean(this.newest((one) => interactionOf(one)?.command?.startsWith(command) && titleOf(one)));
  }

  refused() {
    return Boolean(this.newest((one) => one.ephemeral && /^⛔/.test(one.content ?? "")));
  }

  // An open prompt of mine that begins like this.
  prompt(start) {
    const asks = (one) => one.ephemeral && titleOf(one).startsWith(start) && one.components?.length;
    const found = this.newest(asks);
    return found && Date.now() - Date.parse(found.timestamp) < PROMPT_LASTS ? found : null;
  }

  connector(id) {
    return this.fleet.connector(id);
  }

  stopped(id) {
    return this.connector(id)?.agent === "Stopped";
  }

  healthy(id) {
    return this.fleet.healthy(id);
  }

  // The card of the bot's incident: the newest one.
  card() {
    return this.messages(ALERTS)
      .filter((one) => titleOf(one).includes(`${BOT} in Production`) && !one.message_reference)
      .at(-1);
  }

  cardSays(text) {
    return JSON.stringify(this.card()?.embeds ?? []).includes(text);
  }
}

function titleOf(message) {
  return message.embeds?.[0]?.title ?? "";
}

const onCard = (selector) => (facts) => {
  const card = facts.card();
  return card ? `#message-${card.id} ${selector}` : null;
};
const alerts = (facts) => (facts.channel?.name === ALERTS ? null : `#channel-${ALERTS}`);

// Each: title; text, whose words in `code` are shown as typed; done(facts). Where it helps: `at(facts)`, a selector of what to use next;
// `fill`, what can be typed for the person; `back(facts)`, true when what the step needs is gone, and the step before it must be done anew;
// `when(facts)`, false when there is nothing to do here.
export const STEPS = [
  {
    title: "Look at the fleet",
    text: "Everything starts with a look. Type `/` and choose `/bots status`, then Production, then Enter. Everybody may look.",
    fill: "/bots status env:Production",
    at: () => "#line",
    done: (facts) => facts.answered("bots status"),
  },
  {
    title: "Be somebody who may only look",
    text: "Choose Vera at the top. She is a viewer.",
    at: () => "#persona label:has(#persona-vera)",
    done: (facts) => facts.me === "vera",
  },
  {
    title: "Try what you may not do",
    text: `As Vera, stop a connector: \`/bots stop\`. The refusal is for her eyes only, and names the roles that may.`,
    fill: STOP,
    at: () => "#line",
    done: (facts) => facts.refused(),
  },
  {
    title: "Be an operator",
    text: "Choose Olga. She may act, and she is on call.",
    at: () => "#persona label:has(#persona-olga)",
    done: (facts) => facts.me === "olga",
  },
  {
    title: "Ask to stop a connector",
    text: `Stop ${FIRST}, one of the two that serve ${BOT}: \`/bots stop\`, with the values that are suggested. Nothing happens before you confirm.`,
    fill: STOP,
    at: () => "#line",
    done: (facts) => Boolean(facts.prompt(`Stop ${FIRST}`)) || facts.stopped(FIRST),
  },
  {
    title: "Read what it costs, and confirm",
    text: `The prompt says how many healthy connectors are left, and how many conversations will wait. Press the red button. It takes the bot below its minimum, so you type its name: \`${BOT}\`.`,
    at: (facts) => {
      const prompt = facts.prompt(`Stop ${FIRST}`);
      return prompt ? `#message-${prompt.id} .button.danger` : null;
    },
    back: (facts) => !facts.prompt(`Stop ${FIRST}`) && facts.healthy(FIRST) && !facts.connector(FIRST)?.operation_id,
    done: (facts) => facts.stopped(FIRST),
  },
  {
    title: "Look at the alert",
    text: `One healthy connector is fewer than the two that are wanted, so a card opens in #${ALERTS}. It pings nobody: you announced it, and it names you. Open the channel.`,
    at: alerts,
    done: (facts) => facts.channel?.name === ALERTS && Boolean(facts.card()),
  },
  {
    title: "Now break the other one",
    text: `In the fleet at the side, break ${SECOND}. That nobody announced.`,
    opens: "fleet",
    at: () => `#break-${SECOND}`,
    done: (facts) => !facts.healthy(SECOND),
  },
  {
    title: "An outage, and it calls you",
    text: "Nothing is left: in a few seconds the same card turns red, and a reply mentions those on call. Acknowledge it on its card, so that it is not escalated to others.",
    at: (facts) => alerts(facts) ?? onCard('.button[data-custom-id*="ack:"]')(facts),
    done: (facts) => facts.cardSays("has it") || facts.cardSays("Acknowledged by"),
  },
  {
    title: "Start both again",
    text: "The card has a green button for each that is down. Press one, confirm, then the other. What hangs is stopped and started as one operation.",
    at: (facts) => {
      const prompt = facts.prompt("Start ") ?? facts.prompt("Stop and start");
      return prompt ? `#message-${prompt.id} .button:not(.secondary)` : (alerts(facts) ?? onCard(".button.success")(facts));
    },
    done: (facts) => facts.healthy(FIRST) && facts.healthy(SECOND),
  },
  {
    title: "Wait until it is over",
    text: "Botswain believes it once both have stayed well for a while; in the demo that is five seconds. Nobody is pinged for good news.",
    at: onCard(".embed"),
    done: (facts) => facts.cardSays("Resolved") || /Resolved/.test(titleOf(facts.card() ?? {})),
  },
  {
    title: "Read it back",
    text: "Everything that happened stands in the thread at the card, in order. Open it.",
    when: (facts) => Boolean(facts.card() && facts.world.channels.get(facts.card().id)),
    at: onCard(".thread-link"),
    done: (facts) => facts.world.isThread(facts.channel),
  },
];
