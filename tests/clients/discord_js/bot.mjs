// A bot of a few answers on an unmodified discord.js, as anybody would write it. Only the API's address is another.
import { AttachmentBuilder, Client, Events, GatewayIntentBits } from "discord.js";

const client = new Client({
  intents: [GatewayIntentBits.Guilds],
  rest: { api: `${process.env.DISCORD_API_URL}/api` },
  allowedMentions: { parse: [] },
});

const text = (name, more) => ({ type: 3, name, description: "A text", ...more });
const commands = [
  { name: "greet", description: "Answers at once", options: [text("name", { required: true })] },
  { name: "report", description: "Takes its time, and brings a file" },
  { name: "panel", description: "Shows a button and a menu" },
  { name: "why", description: "Asks for a reason" },
  { name: "pick", description: "Suggests what to pick", options: [text("bot", { autocomplete: true })] },
];

const environments = [
  { label: "Production", value: "production" },
  { label: "Demo", value: "demo" },
];
const panel = {
  content: "panel",
  components: [
    { type: 1, components: [{ type: 2, style: 1, label: "Go", custom_id: "go" }] },
    { type: 1, components: [{ type: 3, custom_id: "env", options: environments }] },
  ],
};
const modal = {
  title: "Why?",
  custom_id: "why",
  components: [{ type: 1, components: [{ type: 4, style: 1, label: "Reason", custom_id: "reason" }] }],
};

async function command(interaction) {
  switch (interaction.commandName) {
    case "greet":
      return interaction.reply(`Ahoy, ${interaction.options.getString("name")}`);
    case "report": {
      await interaction.deferReply();
      const file = new AttachmentBuilder(Buffer.from("a,b\n1,2\n"), { name: "report.csv" });
      return interaction.editReply({ content: "done", files: [file] });
    }
    case "panel":
      return interaction.reply(panel);
    case "why":
      return interaction.showModal(modal);
  }
}

client.on(Events.InteractionCreate, async (interaction) => {
  if (interaction.isChatInputCommand()) {
    await command(interaction);
  } else if (interaction.isButton()) {
    await interaction.update({ content: "pressed", components: [] });
  } else if (interaction.isStringSelectMenu()) {
    await interaction.update({ content: `selected ${interaction.values.join(",")}`, components: [] });
  } else if (interaction.isModalSubmit()) {
    await interaction.reply(`because ${interaction.fields.getTextInputValue("reason")}`);
  } else if (interaction.isAutocomplete()) {
    const typed = interaction.options.getFocused();
    await interaction.respond([{ name: `${typed} — 2 of 2 healthy`, value: typed }]);
  }
});

client.once(Events.ClientReady, () => client.application.commands.set(commands, process.env.DISCORD_GUILD_ID));

await client.login(process.env.DISCORD_TOKEN);
