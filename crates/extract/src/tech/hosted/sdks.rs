//! Which library asks which host. The hosts are those that the libraries' own documentation or source gives.

use crate::lang::Lang;

pub struct Sdk {
    pub lang: Lang,
    /// The package, by its beginning.
    pub package: &'static str,
    /// What is made or called; anything of the package if empty.
    pub made: &'static [&'static str],
    pub host: &'static str,
}

impl Sdk {
    pub fn makes(&self, name: &str) -> bool {
        self.made.contains(&name)
    }
}

const fn any(lang: Lang, package: &'static str, host: &'static str) -> Sdk {
    Sdk { lang, package, made: &[], host }
}

const fn made(lang: Lang, package: &'static str, made: &'static [&'static str], host: &'static str) -> Sdk {
    Sdk { lang, package, made, host }
}

use Lang::{CSharp, Elixir, Go, Java, Php, Python, Ruby, Rust, Script};

const STRIPE: &str = "api.stripe.com";
const TWILIO: &str = "api.twilio.com";
const SENDGRID: &str = "api.sendgrid.com";
const BREVO: &str = "api.brevo.com";
const OPENAI: &str = "api.openai.com";
const ANTHROPIC: &str = "api.anthropic.com";
const GEMINI: &str = "generativelanguage.googleapis.com";
const CLOUDINARY: &str = "api.cloudinary.com";
const MAILGUN: &str = "api.mailgun.net";
const PAYPAL: &str = "api-m.paypal.com";
const RAZORPAY: &str = "api.razorpay.com";
const SLACK: &str = "slack.com";
const TELEGRAM: &str = "api.telegram.org";
const GITHUB: &str = "api.github.com";
const POSTMARK: &str = "api.postmarkapp.com";
const RESEND: &str = "api.resend.com";
const MAPBOX: &str = "api.mapbox.com";
const GOOGLE_MAPS: &str = "maps.googleapis.com";
const FCM: &str = "fcm.googleapis.com";
const ALGOLIA: &str = "algolia.net";
const GROQ: &str = "api.groq.com";
const MISTRAL: &str = "api.mistral.ai";
const COHERE: &str = "api.cohere.com";
const PINECONE: &str = "api.pinecone.io";
const HUGGING_FACE: &str = "huggingface.co";
const REPLICATE: &str = "api.replicate.com";
const DISCORD: &str = "discord.com";
const PLAID: &str = "plaid.com";
const SQUARE: &str = "connect.squareup.com";
const MERCADOPAGO: &str = "api.mercadopago.com";
const VONAGE: &str = "api.nexmo.com";
const MAILCHIMP: &str = "api.mailchimp.com";
const PAYOS: &str = "api-merchant.payos.vn";

/// By package, for languages that import one.
pub const SDKS: &[Sdk] = &[
    // Payments.
    any(Go, "github.com/stripe/stripe-go", STRIPE),
    any(Python, "stripe", STRIPE),
    any(Script, "stripe", STRIPE),
    any(Java, "com.stripe", STRIPE),
    any(Php, "Stripe", STRIPE),
    made(
        CSharp,
        "Stripe",
        &[
            "StripeClient",
            "ChargeService",
            "PaymentIntentService",
            "PaymentMethodService",
            "CustomerService",
            "SessionService",
            "RefundService",
            "SubscriptionService",
            "InvoiceService",
            "SetupIntentService",
            "TokenService",
            "PriceService",
            "ProductService",
            "TransferService",
            "AccountService",
        ],
        STRIPE,
    ),
    any(Python, "paypalrestsdk", PAYPAL),
    any(Script, "@paypal/checkout-server-sdk", PAYPAL),
    any(Script, "@paypal/paypal-server-sdk", PAYPAL),
    any(Script, "paypal-rest-sdk", PAYPAL),
    any(Java, "com.paypal", PAYPAL),
    any(Go, "github.com/plutov/paypal", PAYPAL),
    any(Python, "razorpay", RAZORPAY),
    any(Script, "razorpay", RAZORPAY),
    any(Java, "com.razorpay", RAZORPAY),
    any(Go, "github.com/razorpay/razorpay-go", RAZORPAY),
    any(Php, "Razorpay\\Api", RAZORPAY),
    any(Script, "square", SQUARE),
    any(Python, "square", SQUARE),
    any(Script, "mercadopago", MERCADOPAGO),
    any(Python, "mercadopago", MERCADOPAGO),
    any(Script, "@payos/node", PAYOS),
    any(Python, "payos", PAYOS),
    any(Script, "plaid", PLAID),
    any(Python, "plaid", PLAID),
    any(Go, "github.com/plaid/plaid-go", PLAID),
    // Mail and messages.
    any(Script, "twilio", TWILIO),
    made(Python, "twilio", &["Client"], TWILIO),
    any(Go, "github.com/twilio/twilio-go", TWILIO),
    any(Java, "com.twilio", TWILIO),
    any(Php, "Twilio\\Rest", TWILIO),
    made(CSharp, "Twilio", &["TwilioClient", "MessageResource", "CallResource", "TwilioRestClient"], TWILIO),
    any(Script, "@sendgrid/mail", SENDGRID),
    any(Script, "@sendgrid/client", SENDGRID),
    made(Python, "sendgrid", &["SendGridAPIClient"], SENDGRID),
    any(Go, "github.com/sendgrid/sendgrid-go", SENDGRID),
    made(Java, "com.sendgrid", &["SendGrid", "api"], SENDGRID),
    made(CSharp, "SendGrid", &["SendGridClient"], SENDGRID),
    made(Php, "SendGrid", &["SendGrid"], SENDGRID),
    any(Script, "@getbrevo/brevo", BREVO),
    any(Script, "sib-api-v3-sdk", BREVO),
    any(Script, "sib-api-v3-typescript", BREVO),
    any(Python, "sib_api_v3_sdk", BREVO),
    any(Python, "brevo_python", BREVO),
    any(Go, "github.com/getbrevo/brevo-go", BREVO),
    any(Script, "mailgun.js", MAILGUN),
    any(Script, "mailgun-js", MAILGUN),
    any(Go, "github.com/mailgun/mailgun-go", MAILGUN),
    any(Script, "postmark", POSTMARK),
    made(Python, "postmarker", &["PostmarkClient"], POSTMARK),
    any(Script, "resend", RESEND),
    any(Python, "resend", RESEND),
    any(Go, "github.com/resend/resend-go", RESEND),
    any(Script, "@mailchimp/mailchimp_transactional", MAILCHIMP),
    any(Script, "@mailchimp/mailchimp_marketing", MAILCHIMP),
    any(Script, "@vonage/server-sdk", VONAGE),
    any(Python, "vonage", VONAGE),
    any(Script, "@slack/web-api", SLACK),
    any(Script, "@slack/bolt", SLACK),
    any(Python, "slack_sdk", SLACK),
    any(Python, "slack_bolt", SLACK),
    any(Go, "github.com/slack-go/slack", SLACK),
    any(Script, "node-telegram-bot-api", TELEGRAM),
    any(Script, "telegraf", TELEGRAM),
    any(Script, "grammy", TELEGRAM),
    made(Python, "telegram", &["Bot", "Application", "ApplicationBuilder", "builder", "Updater"], TELEGRAM),
    made(Python, "aiogram", &["Bot"], TELEGRAM),
    made(Python, "telebot", &["TeleBot", "AsyncTeleBot"], TELEGRAM),
    made(Go, "github.com/go-telegram-bot-api/telegram-bot-api", &["NewBotAPI", "NewBotAPIWithClient"], TELEGRAM),
    made(Go, "gopkg.in/telebot", &["NewBot"], TELEGRAM),
    made(Script, "discord.js", &["Client", "WebhookClient", "REST"], DISCORD),
    made(Python, "discord", &["Client", "Bot", "SyncWebhook"], DISCORD),
    made(Go, "github.com/bwmarrin/discordgo", &["New"], DISCORD),
    made(
        Python,
        "firebase_admin",
        &["send", "send_multicast", "send_each", "send_each_for_multicast", "send_all"],
        FCM,
    ),
    made(Script, "firebase-admin", &["send", "sendMulticast", "sendEachForMulticast", "sendEach", "sendToDevice"], FCM),
    made(Java, "com.google.firebase.messaging", &["FirebaseMessaging", "getInstance"], FCM),
    // Models. Python's stand with their base addresses in `python-connections`.
    any(Go, "github.com/sashabaranov/go-openai", OPENAI),
    any(Go, "github.com/openai/openai-go", OPENAI),
    any(Java, "com.theokanning.openai", OPENAI),
    any(Java, "com.openai", OPENAI),
    any(Php, "OpenAI", OPENAI),
    made(CSharp, "OpenAI", &["OpenAIClient", "ChatClient", "EmbeddingClient"], OPENAI),
    made(Script, "openai", &["", "OpenAI", "OpenAIApi"], OPENAI),
    made(Script, "@langchain/openai", &["ChatOpenAI", "OpenAIEmbeddings", "OpenAI"], OPENAI),
    any(Script, "@ai-sdk/openai", OPENAI),
    made(Script, "@langchain/anthropic", &["ChatAnthropic"], ANTHROPIC),
    any(Script, "@anthropic-ai/sdk", ANTHROPIC),
    any(Go, "github.com/anthropics/anthropic-sdk-go", ANTHROPIC),
    any(Script, "@google/generative-ai", GEMINI),
    any(Script, "@google/genai", GEMINI),
    made(Python, "google.generativeai", &["GenerativeModel", "embed_content"], GEMINI),
    made(Python, "google.genai", &["Client"], GEMINI),
    made(Python, "google", &["genai.Client"], GEMINI),
    any(Go, "github.com/google/generative-ai-go", GEMINI),
    any(Script, "groq-sdk", GROQ),
    made(Python, "groq", &["Groq", "AsyncGroq"], GROQ),
    made(Python, "langchain_groq", &["ChatGroq"], GROQ),
    any(Script, "@mistralai/mistralai", MISTRAL),
    made(Python, "mistralai", &["Mistral", "MistralClient"], MISTRAL),
    any(Script, "cohere-ai", COHERE),
    made(Python, "cohere", &["Client", "ClientV2", "AsyncClient"], COHERE),
    any(Script, "@pinecone-database/pinecone", PINECONE),
    made(Python, "pinecone", &["Pinecone", "init", "Index"], PINECONE),
    made(Python, "huggingface_hub", &["InferenceClient", "AsyncInferenceClient"], HUGGING_FACE),
    any(Script, "@huggingface/inference", HUGGING_FACE),
    any(Script, "replicate", REPLICATE),
    any(Python, "replicate", REPLICATE),
    // Media, search, maps, code.
    any(Script, "cloudinary", CLOUDINARY),
    any(Python, "cloudinary", CLOUDINARY),
    any(Go, "github.com/cloudinary/cloudinary-go", CLOUDINARY),
    any(Java, "com.cloudinary", CLOUDINARY),
    any(Php, "Cloudinary", CLOUDINARY),
    made(CSharp, "CloudinaryDotNet", &["Cloudinary"], CLOUDINARY),
    any(Script, "algoliasearch", ALGOLIA),
    any(Python, "algoliasearch", ALGOLIA),
    any(Go, "github.com/algolia/algoliasearch-client-go", ALGOLIA),
    any(Script, "@mapbox/mapbox-sdk", MAPBOX),
    made(Python, "mapbox", &["Geocoder", "Directions", "Static"], MAPBOX),
    any(Script, "@googlemaps/google-maps-services-js", GOOGLE_MAPS),
    made(Python, "googlemaps", &["Client"], GOOGLE_MAPS),
    any(Go, "googlemaps.github.io/maps", GOOGLE_MAPS),
    made(Python, "geopy.geocoders", &["Nominatim"], "nominatim.openstreetmap.org"),
    made(Python, "geopy.geocoders", &["GoogleV3"], GOOGLE_MAPS),
    made(Python, "geopy.geocoders", &["MapBox"], MAPBOX),
    any(Script, "@octokit/rest", GITHUB),
    any(Script, "octokit", GITHUB),
    made(Python, "github", &["Github"], GITHUB),
    made(Go, "github.com/google/go-github", &["NewClient"], GITHUB),
    made(Python, "yfinance", &["Ticker", "download", "Tickers"], "query2.finance.yahoo.com"),
];

/// By the module that a path begins with, for languages that import nothing.
pub const ROOTS: &[(Lang, &str, &str)] = &[
    (Ruby, "Stripe", STRIPE),
    (Ruby, "Twilio.REST", TWILIO),
    (Ruby, "SendGrid.API", SENDGRID),
    (Ruby, "OpenAI.Client", OPENAI),
    (Ruby, "Anthropic.Client", ANTHROPIC),
    (Ruby, "Cloudinary.Uploader", CLOUDINARY),
    (Ruby, "Razorpay", RAZORPAY),
    (Ruby, "PayPal", PAYPAL),
    (Ruby, "Slack.Web.Client", SLACK),
    (Ruby, "Octokit", GITHUB),
    (Ruby, "Mailgun.Client", MAILGUN),
    (Ruby, "Postmark.ApiClient", POSTMARK),
    (Ruby, "Algolia", ALGOLIA),
    (Elixir, "Stripe", STRIPE),
    (Elixir, "ExTwilio", TWILIO),
    (Elixir, "OpenAI", OPENAI),
    (Rust, "async_openai.Client", OPENAI),
    (Rust, "stripe.Client", STRIPE),
    (Rust, "octocrab", GITHUB),
];
