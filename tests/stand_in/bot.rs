//! A small bot on an unmodified serenity.
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use serenity::{all::*, async_trait, http::HttpBuilder};
use tokio::task::JoinHandle;

use crate::harbour::Harbour;

/// What the bot did not understand, and how often it was ready or resumed.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) unknown: Mutex<Vec<String>>,
    pub(crate) events: Mutex<Vec<String>>,
    pub(crate) ready: AtomicU64,
    pub(crate) resumed: AtomicU64,
}

pub(crate) struct Bot {
    pub(crate) heard: Arc<Heard>,
    pub(crate) http: Arc<Http>,
    shards: Arc<ShardManager>,
    task: JoinHandle<serenity::Result<()>>,
}

impl Drop for Bot {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Ears(Arc<Heard>);

#[async_trait]
impl RawEventHandler for Ears {
    async fn raw_event(&self, _: Context, event: Event) {
        if let Event::Unknown(unknown) = &event {
            self.0.unknown.lock().unwrap().push(format!("{unknown:?}"));
        }
        self.0.events.lock().unwrap().push(event.name().unwrap_or_default());
    }
}

struct Hands {
    heard: Arc<Heard>,
    guild: GuildId,
}

fn option(kind: CommandOptionType, name: &str) -> CreateCommandOption {
    CreateCommandOption::new(kind, name, "An option")
}

fn commands() -> Vec<CreateCommand> {
    let sub = |name: &str| option(CommandOptionType::SubCommand, name);
    let text = option(CommandOptionType::String, "text").required(true).max_length(20);
    let who = option(CommandOptionType::User, "who");
    vec![
        CreateCommand::new("bots")
            .description("A command")
            .add_option(sub("echo").add_sub_option(text).add_sub_option(who)),
        CreateCommand::new("later").description("A command"),
        CreateCommand::new("ask").description("A command"),
        CreateCommand::new("panel").description("A command"),
        CreateCommand::new("silent").description("A command"),
        CreateCommand::new("pick")
            .description("A command")
            .add_option(option(CommandOptionType::String, "bot").set_autocomplete(true)),
    ]
}

fn message() -> CreateInteractionResponseMessage {
    CreateInteractionResponseMessage::new().allowed_mentions(CreateAllowedMentions::new())
}

impl Hands {
    async fn command(&self, context: &Context, command: &CommandInteraction) -> serenity::Result<()> {
        match command.data.name.as_str() {
            "bots" => {
                let options = command.data.options();
                let ResolvedValue::SubCommand(inner) = &options[0].value else { panic!("a subcommand") };
                let ResolvedValue::String(text) = inner[0].value else { panic!("a string") };
                let answer = CreateInteractionResponse::Message(message().content(text).ephemeral(true));
                command.create_response(context, answer).await
            }
            "later" => {
                command.create_response(context, CreateInteractionResponse::Defer(message())).await?;
                let picture = CreateAttachment::bytes(b"a,b\n1,2\n".to_vec(), "fleet.csv");
                let edit = EditInteractionResponse::new()
                    .content("done")
                    .new_attachment(picture)
                    .allowed_mentions(CreateAllowedMentions::new());
                command.edit_response(context, edit).await?;
                let more = CreateInteractionResponseFollowup::new()
                    .content("and more")
                    .ephemeral(true)
                    .allowed_mentions(CreateAllowedMentions::new());
                command.create_followup(context, more).await?;
                Ok(())
            }
            "ask" => {
                let input = CreateInputText::new(InputTextStyle::Short, "Reason", "reason").max_length(50);
                let modal = CreateModal::new("why", "Why?").components(vec![CreateActionRow::InputText(input)]);
                command.create_response(context, CreateInteractionResponse::Modal(modal)).await
            }
            "panel" => {
                let select = CreateSelectMenu::new(
                    "env",
                    CreateSelectMenuKind::String {
                        options: vec![
                            CreateSelectMenuOption::new("Production", "production"),
                            CreateSelectMenuOption::new("Demo", "demo"),
                        ],
                    },
                );
                let embed = CreateEmbed::new().title("Panel").description("Press").field("Name", "Value", true);
                let content = message().content("panel").embed(embed).components(vec![
                    CreateActionRow::Buttons(vec![
                        CreateButton::new("go").label("Go"),
                        CreateButton::new("off").label("Off").disabled(true),
                    ]),
                    CreateActionRow::SelectMenu(select),
                ]);
                command.create_response(context, CreateInteractionResponse::Message(content)).await
            }
            _ => Ok(()),
        }
    }

    async fn component(&self, context: &Context, press: &ComponentInteraction) -> serenity::Result<()> {
        match &press.data.kind {
            ComponentInteractionDataKind::Button => {
                press.create_response(context, CreateInteractionResponse::Acknowledge).await?;
                let edit = EditInteractionResponse::new()
                    .content("pressed")
                    .components(Vec::new())
                    .allowed_mentions(CreateAllowedMentions::new());
                press.edit_response(context, edit).await?;
                Ok(())
            }
            ComponentInteractionDataKind::StringSelect { values } => {
                let update = message().content(format!("selected {}", values.join(","))).components(Vec::new());
                press.create_response(context, CreateInteractionResponse::UpdateMessage(update)).await
            }
            _ => Ok(()),
        }
    }

    async fn modal(&self, context: &Context, modal: &ModalInteraction) -> serenity::Result<()> {
        let ActionRowComponent::InputText(input) = &modal.data.components[0].components[0] else { panic!("an input") };
        let answer = message().content(format!("because {}", input.value.clone().unwrap_or_default()));
        modal.create_response(context, CreateInteractionResponse::Message(answer)).await
    }

    async fn typing(&self, context: &Context, typed: &CommandInteraction) -> serenity::Result<()> {
        let focus = typed.data.autocomplete().expect("something is typed");
        let choice = AutocompleteChoice::new(format!("{} — 2 of 2 healthy", focus.value), focus.value);
        let answer = CreateAutocompleteResponse::new().set_choices(vec![choice]);
        typed.create_response(context, CreateInteractionResponse::Autocomplete(answer)).await
    }
}

#[async_trait]
impl EventHandler for Hands {
    async fn ready(&self, context: Context, _: Ready) {
        self.guild.set_commands(&context, commands()).await.expect("commands are registered");
        self.heard.ready.fetch_add(1, Ordering::SeqCst);
    }

    async fn resume(&self, _: Context, _: ResumedEvent) {
        self.heard.resumed.fetch_add(1, Ordering::SeqCst);
    }

    async fn interaction_create(&self, context: Context, interaction: Interaction) {
        let outcome = match &interaction {
            Interaction::Command(command) => self.command(&context, command).await,
            Interaction::Component(press) => self.component(&context, press).await,
            Interaction::Modal(modal) => self.modal(&context, modal).await,
            Interaction::Autocomplete(typed) => self.typing(&context, typed).await,
            _ => Ok(()),
        };
        if let Err(why) = outcome {
            self.heard.unknown.lock().unwrap().push(format!("answering failed: {why:?}"));
        }
    }
}

impl Bot {
    /// Starts the bot and waits until it is ready and has registered its commands.
    pub(crate) async fn start(harbour: &Harbour) -> Self {
        let intents = GatewayIntents::GUILDS | GatewayIntents::GUILD_MESSAGES | GatewayIntents::GUILD_MESSAGE_TYPING;
        Self::with_intents(harbour, intents).await
    }

    pub(crate) async fn with_intents(harbour: &Harbour, intents: GatewayIntents) -> Self {
        let heard = Arc::new(Heard::default());
        let proxy = format!("http://{}", harbour.address);
        let token = "any.token.atall";
        let http = HttpBuilder::new(token).proxy(proxy).ratelimiter_disabled(true).build();
        let builder = ClientBuilder::new_with_http(http, intents);
        let mut client = builder
            .raw_event_handler(Ears(Arc::clone(&heard)))
            .event_handler(Hands { heard: Arc::clone(&heard), guild: GuildId::new(harbour.seed.guild_id.0) })
            .await
            .expect("a client");
        assert!(client.ws_url.lock().await.starts_with("ws://127.0.0.1"), "the gateway is the stand-in's");
        let (http, shards) = (Arc::clone(&client.http), Arc::clone(&client.shard_manager));
        let task = tokio::spawn(async move { client.start().await });
        harbour
            .until("/state", "the commands", |state| state["commands"].as_array().is_some_and(|list| list.len() == 6))
            .await;
        Bot { heard, http, shards, task }
    }

    /// Ends the bot in an orderly way; says what it did not understand.
    pub(crate) async fn stop(self) -> Vec<String> {
        self.shards.shutdown_all().await;
        std::mem::take(&mut *self.heard.unknown.lock().unwrap())
    }
}
