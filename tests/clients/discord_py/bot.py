"""A bot of a few answers on discord.py, as anybody would write it. Only the API's two addresses are others."""

import io
import os

import discord
from discord import app_commands
from yarl import URL

API = os.environ["DISCORD_API_URL"]
discord.http.Route.BASE = f"{API}/api/v10"
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = URL(f"{API.replace('http', 'ws', 1)}/gateway")

GUILD = discord.Object(int(os.environ["DISCORD_GUILD_ID"]))


class Bot(discord.Client):
    def __init__(self) -> None:
        super().__init__(intents=discord.Intents(guilds=True), allowed_mentions=discord.AllowedMentions.none())
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self) -> None:
        await self.tree.sync(guild=GUILD)


class Panel(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Go", custom_id="go")
    async def go(self, interaction: discord.Interaction, _: discord.ui.Button) -> None:
        await interaction.response.edit_message(content="pressed", view=None)

    @discord.ui.select(
        custom_id="env",
        options=[
            discord.SelectOption(label="Production", value="production"),
            discord.SelectOption(label="Demo", value="demo"),
        ],
    )
    async def env(self, interaction: discord.Interaction, select: discord.ui.Select) -> None:
        await interaction.response.edit_message(content=f"selected {','.join(select.values)}", view=None)


class Why(discord.ui.Modal):
    def __init__(self) -> None:
        super().__init__(title="Why?", custom_id="why")
        self.reason = discord.ui.TextInput(label="Reason", custom_id="reason")
        self.add_item(self.reason)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"because {self.reason.value}")


bot = Bot()


@bot.tree.command(description="Answers at once", guild=GUILD)
@app_commands.describe(name="A text")
async def greet(interaction: discord.Interaction, name: str) -> None:
    await interaction.response.send_message(f"Ahoy, {name}")


@bot.tree.command(description="Takes its time, and brings a file", guild=GUILD)
async def report(interaction: discord.Interaction) -> None:
    await interaction.response.defer()
    file = discord.File(io.BytesIO(b"a,b\n1,2\n"), filename="report.csv")
    await interaction.edit_original_response(content="done", attachments=[file])


@bot.tree.command(description="Shows a button and a menu", guild=GUILD)
async def panel(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("panel", view=Panel())


@bot.tree.command(description="Asks for a reason", guild=GUILD)
async def why(interaction: discord.Interaction) -> None:
    await interaction.response.send_modal(Why())


@bot.tree.command(name="pick", description="Suggests what to pick", guild=GUILD)
@app_commands.rename(which="bot")
async def pick(interaction: discord.Interaction, which: str) -> None:
    await interaction.response.send_message(which)


@pick.autocomplete("which")
async def suggest(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=f"{typed} — 2 of 2 healthy", value=typed)]


bot.run(os.environ["DISCORD_TOKEN"])
