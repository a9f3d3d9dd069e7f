//! A bot of a few answers on an unmodified serenity, with its rate limiter, as anybody would write it.
use std::sync::Arc;

use serenity::all::*;
use serenity::async_trait;
use tokio::task::JoinHandle;

use crate::process::Sandbox;
use crate::tls::Front;

/// The bot, and what stands between it and the sandbox.
pub(crate) struct Bot {
    shards: Arc<ShardManager>,
    task: JoinHandle<serenity::Result<()>>,
    _front: Front,
}

impl Drop for Bot {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Bot {
    pub(crate) async fn stop(mut self) {
        self.shards.shutdown_all().await;
        (&mut self.task).await.unwrap().unwrap();
    }
}

/// Connects; that it has, the scenario finds out.
pub(crate) async fn start(sandbox: &Sandbox) -> Bot {
    let front = Front::before(sandbox.address()).await;
    let certificate = reqwest::Certificate::from_pem(&front.certificate).unwrap();
    let found_there = reqwest::Client::builder().resolve("discord.com", front.address);
    let client = found_there.tls_certs_merge([certificate]).build().unwrap();
    let http = HttpBuilder::new(sandbox.setting("DISCORD_TOKEN")).client(client).build();
    let guild = GuildId::new(sandbox.setting("DISCORD_GUILD_ID").parse().unwrap());
    let builder = ClientBuilder::new_with_http(http, GatewayIntents::GUILDS);
    let mut client = builder.event_handler(Answers { guild }).await.unwrap();
    assert!(client.ws_url.lock().await.starts_with("ws://127.0.0.1"), "the gateway is the sandbox's");
    let shards = Arc::clone(&client.shard_manager);
    let task = tokio::spawn(async move { client.start().await });
    Bot { shards, task, _front: front }
}

struct Answers {
    guild: GuildId,
}

fn commands() -> Vec<CreateCommand> {
    let text = |name: &str| CreateCommandOption::new(CommandOptionType::String, name, "A text");
    vec![
        CreateCommand::new("greet").description("Answers at once").add_option(text("name").required(true)),
        CreateCommand::new("report").description("Takes its time, and brings a file"),
        CreateCommand::new("panel").description("Shows a button and a menu"),
        CreateCommand::new("why").description("Asks for a reason"),
        CreateCommand::new("pick").description("Suggests what to pick").add_option(text("bot").set_autocomplete(true)),
    ]
}

/// An answer that pings nobody.
fn says(text: impl Into<String>) -> CreateInteractionResponseMessage {
    CreateInteractionResponseMessage::new().content(text).allowed_mentions(CreateAllowedMentions::new())
}

fn panel() -> CreateInteractionResponseMessage {
    let options =
        vec![CreateSelectMenuOption::new("Production", "production"), CreateSelectMenuOption::new("Demo", "demo")];
    let menu = CreateSelectMenu::new("env", CreateSelectMenuKind::String { options });
    let buttons = vec![CreateButton::new("go").label("Go")];
    says("panel").components(vec![CreateActionRow::Buttons(buttons), CreateActionRow::SelectMenu(menu)])
}

async fn report(context: &Context, command: &CommandInteraction) -> serenity::Result<()> {
    command.defer(context).await?;
    let file = CreateAttachment::bytes(b"a,b\n1,2\n".to_vec(), "report.csv");
    let edit = EditInteractionResponse::new().content("done").new_attachment(file);
    command.edit_response(context, edit.allowed_mentions(CreateAllowedMentions::new())).await?;
    Ok(())
}

async fn answer(context: &Context, interaction: &Interaction) -> serenity::Result<()> {
    use CreateInteractionResponse::{Autocomplete, Message, Modal, UpdateMessage};
    match interaction {
        Interaction::Command(command) => match command.data.name.as_str() {
            "greet" => {
                let name = command.data.options[0].value.as_str().unwrap_or_default();
                command.create_response(context, Message(says(format!("Ahoy, {name}")))).await
            }
            "report" => report(context, command).await,
            "panel" => command.create_response(context, Message(panel())).await,
            _ => {
                let input = CreateInputText::new(InputTextStyle::Short, "Reason", "reason");
                let modal = CreateModal::new("why", "Why?").components(vec![CreateActionRow::InputText(input)]);
                command.create_response(context, Modal(modal)).await
            }
        },
        Interaction::Component(press) => {
            let text = match &press.data.kind {
                ComponentInteractionDataKind::StringSelect { values } => format!("selected {}", values.join(",")),
                _ => "pressed".to_owned(),
            };
            press.create_response(context, UpdateMessage(says(text).components(Vec::new()))).await
        }
        Interaction::Modal(sent) => {
            let ActionRowComponent::InputText(input) = &sent.data.components[0].components[0] else {
                panic!("an input")
            };
            let text = format!("because {}", input.value.clone().unwrap_or_default());
            sent.create_response(context, Message(says(text))).await
        }
        Interaction::Autocomplete(typed) => {
            let text = typed.data.autocomplete().map_or("", |option| option.value);
            let choices = CreateAutocompleteResponse::new().add_string_choice(format!("{text} — 2 of 2 healthy"), text);
            typed.create_response(context, Autocomplete(choices)).await
        }
        _ => Ok(()),
    }
}

#[async_trait]
impl EventHandler for Answers {
    async fn ready(&self, context: Context, _: Ready) {
        self.guild.set_commands(&context, commands()).await.expect("commands are registered");
    }

    async fn interaction_create(&self, context: Context, interaction: Interaction) {
        answer(&context, &interaction).await.expect("it is answered");
    }
}
