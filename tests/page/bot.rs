//! A bot of a few answers, of each kind that the page must show; in front of the sandbox through the real client library.
use botswain::sandbox::Sandbox;
use botswain::sandbox::discord::Seed;
use serenity::all::{
    ApplicationId, ButtonStyle, ChannelId, ClientBuilder, Colour, CommandInteraction, CommandOptionType,
    ComponentInteraction, Context, CreateActionRow, CreateAllowedMentions, CreateAttachment,
    CreateAutocompleteResponse, CreateButton, CreateCommand, CreateCommandOption, CreateEmbed, CreateInputText,
    CreateInteractionResponse as Response, CreateInteractionResponseMessage as Answer, CreateMessage, CreateModal,
    CreateSelectMenu, CreateSelectMenuKind, CreateSelectMenuOption, CreateThread, EditInteractionResponse,
    EventHandler, GatewayIntents, GuildId, HttpBuilder, InputTextStyle, Interaction, Ready, RoleId, ShardManager,
    async_trait,
};
use std::sync::Arc;
use std::sync::Mutex;
use tokio::sync::{Notify, oneshot};

/// What the bot suggests for `ship`.
const SHIPS: [&str; 3] = ["Billing Bot — 2 of 2 healthy", "Orders Bot — 3 of 3 healthy", "FAQ Bot — 1 of 1 healthy"];

/// The smallest picture: one pixel.
const PIXEL: &[u8] = &[
    0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8,
    4, 0, 0, 0, 0xb5, 0x1c, 0x0c, 0x02, 0, 0, 0, 11, b'I', b'D', b'A', b'T', 0x78, 0xda, 0x63, 0x64, 0x60, 0, 0, 0, 6,
    0, 2, 0x30, 0x81, 0xd0, 0x2f, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

struct Deckhand {
    guild: GuildId,
    alerts: ChannelId,
    on_call: RoleId,
    registered: Mutex<Option<oneshot::Sender<()>>>,
    /// What `/deck think` waits for: a press of "wake".
    wake: Arc<Notify>,
}

/// The bot, connected until it is stopped or the test ends.
pub(crate) struct Running(Arc<ShardManager>);

impl Running {
    pub(crate) async fn stop(self) {
        self.0.shutdown_all().await;
    }
}

/// Connects, and returns when its commands are registered.
pub(crate) async fn start(sandbox: &Sandbox) -> Running {
    let Seed { guild_id, alert_channel, on_call, application_id, .. } = Seed::default();
    let id = |id: botswain::sandbox::discord::Snowflake| id.to_string().parse::<u64>().unwrap();
    let (registered, done) = oneshot::channel();
    let handler = Deckhand {
        guild: GuildId::new(id(guild_id)),
        alerts: ChannelId::new(id(alert_channel.id)),
        on_call: RoleId::new(id(on_call.id)),
        registered: Mutex::new(Some(registered)),
        wake: Arc::default(),
    };
    let proxy = format!("http://{}", sandbox.discord.as_ref().unwrap().address);
    let http = HttpBuilder::new("a token").proxy(proxy).ratelimiter_disabled(true).build();
    let mut client = ClientBuilder::new_with_http(http, GatewayIntents::GUILDS)
        .application_id(ApplicationId::new(id(application_id)))
        .event_handler(handler)
        .await
        .unwrap();
    let running = Running(Arc::clone(&client.shard_manager));
    tokio::spawn(async move { client.start().await.unwrap() });
    done.await.unwrap();
    running
}

fn option(kind: CommandOptionType, name: &str, description: &str) -> CreateCommandOption {
    CreateCommandOption::new(kind, name, description)
}

fn button(id: &str, label: &str, style: ButtonStyle) -> CreateButton {
    CreateButton::new(id).label(label).style(style)
}

#[async_trait]
impl EventHandler for Deckhand {
    async fn ready(&self, context: Context, _: Ready) {
        let sub = |name: &str, description: &str| option(CommandOptionType::SubCommand, name, description);
        let env = option(CommandOptionType::String, "env", "Which environment to look at")
            .required(true)
            .add_string_choice("Production", "production")
            .add_string_choice("Demo", "demo");
        let ship = option(CommandOptionType::String, "ship", "Only this one").set_autocomplete(true);
        let deck = CreateCommand::new("deck")
            .description("The deck")
            .add_option(sub("status", "How things stand").add_sub_option(env).add_sub_option(ship))
            .add_option(sub("stop", "Asks first"))
            .add_option(sub("talk", "Says something elsewhere, and more of it in a thread"))
            .add_option(sub("think", "Takes its time"))
            .add_option(sub("silent", "Never answers"));
        self.guild.set_commands(&context.http, vec![deck]).await.unwrap();
        if let Some(registered) = self.registered.lock().unwrap().take() {
            registered.send(()).ok();
        }
    }

    async fn interaction_create(&self, context: Context, interaction: Interaction) {
        match interaction {
            Interaction::Autocomplete(typed) => {
                let part = typed.data.autocomplete().unwrap().value.to_lowercase();
                let fitting = SHIPS.iter().filter(|name| name.to_lowercase().contains(&part));
                let choices = fitting.fold(CreateAutocompleteResponse::new(), |all, name| {
                    all.add_string_choice(*name, name.to_uppercase())
                });
                typed.create_response(&context.http, Response::Autocomplete(choices)).await.unwrap();
            }
            Interaction::Command(command) => self.command(&context, &command).await,
            Interaction::Component(press) => self.press(&context, &press).await,
            Interaction::Modal(sent) => {
                let text = format!("Sent: {}", format!("{:?}", sent.data.components).contains("Billing Bot"));
                sent.create_response(&context.http, Response::Message(Answer::new().content(text).ephemeral(true)))
                    .await
                    .unwrap();
            }
            _ => {}
        }
    }
}

impl Deckhand {
    async fn command(&self, context: &Context, command: &CommandInteraction) {
        let sub = command.data.options.first().unwrap();
        let answer = match sub.name.as_str() {
            "status" => {
                let given = format!("{:?}", sub.value);
                let embed = CreateEmbed::new()
                    .title("All is well")
                    .colour(Colour::DARK_GREEN)
                    .description(format!(
                        "**Asked** for `{}`",
                        if given.contains("BILLING BOT — 2 OF 2 HEALTHY") {
                            "the chosen one"
                        } else if given.contains("Billing Bot") {
                            "the typed one"
                        } else {
                            "all"
                        }
                    ))
                    .field("Since", "<t:1700000000:R>", true);
                Answer::new()
                    .embed(embed)
                    .button(button("form", "Form", ButtonStyle::Primary))
                    .button(button("mute", "Mute", ButtonStyle::Secondary))
                    .button(button("off", "Off", ButtonStyle::Secondary).disabled(true))
            }
            "stop" => {
                let options = vec![
                    CreateSelectMenuOption::new("billing-1", "b1").description("Online"),
                    CreateSelectMenuOption::new("billing-2", "b2"),
                ];
                Answer::new()
                    .ephemeral(true)
                    .content("Which one?")
                    .select_menu(
                        CreateSelectMenu::new("which", CreateSelectMenuKind::String { options })
                            .placeholder("Choose a connector"),
                    )
                    .button(button("alert", "Ring the bell", ButtonStyle::Danger))
                    .button(button("wake", "Wake", ButtonStyle::Success))
            }
            "talk" => {
                self.talk(context).await;
                let options = ["billing-1", "billing-2", "billing-3"]
                    .map(|name| CreateSelectMenuOption::new(name, name))
                    .to_vec();
                Answer::new().ephemeral(true).content("Talked.").select_menu(
                    CreateSelectMenu::new("which", CreateSelectMenuKind::String { options })
                        .placeholder("Choose connectors")
                        .max_values(2),
                )
            }
            "think" => {
                command.defer(&context.http).await.unwrap();
                self.wake.notified().await;
                command.edit_response(&context.http, EditInteractionResponse::new().content("Thought.")).await.unwrap();
                return;
            }
            _ => return,
        };
        command.create_response(&context.http, Response::Message(answer)).await.unwrap();
    }

    /// A message with a picture, and a thread on it with a message.
    async fn talk(&self, context: &Context) {
        let picture = CreateAttachment::bytes(PIXEL, "history.png").description("Availability");
        let message = CreateMessage::new().content("Something happened.").add_file(picture);
        let said = self.alerts.send_message(&context.http, message).await.unwrap();
        let thread = CreateThread::new("What happened");
        let thread = self.alerts.create_thread_from_message(&context.http, said.id, thread).await.unwrap();
        thread.id.send_message(&context.http, CreateMessage::new().content("First it broke.")).await.unwrap();
    }

    async fn press(&self, context: &Context, press: &ComponentInteraction) {
        let update = |text: String| Response::UpdateMessage(Answer::new().content(text).components(vec![]));
        let answer = match press.data.custom_id.as_str() {
            "form" => {
                let input = CreateInputText::new(InputTextStyle::Short, "Name of the bot", "name");
                Response::Modal(
                    CreateModal::new("form", "Type the name").components(vec![CreateActionRow::InputText(input)]),
                )
            }
            "which" => update(format!("Chosen: {:?}", press.data.kind)),
            "alert" => {
                let text = format!("<@&{}> <img src=x onerror=alert(1)> <b>bold</b>", self.on_call);
                let message = CreateMessage::new()
                    .content(text)
                    .allowed_mentions(CreateAllowedMentions::new().roles([self.on_call]));
                self.alerts.send_message(&context.http, message).await.unwrap();
                update("Rung.".into())
            }
            "wake" => {
                self.wake.notify_one();
                Response::Acknowledge
            }
            _ => return,
        };
        press.create_response(&context.http, answer).await.unwrap();
    }
}
