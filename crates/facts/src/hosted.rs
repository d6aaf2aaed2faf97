//! Hosts of hosted products, by the names that their documentation gives: what a library asks, and what a variable that is called
//! after the product means, are one node.

pub const STRIPE: &str = "api.stripe.com";
pub const TWILIO: &str = "api.twilio.com";
pub const SENDGRID: &str = "api.sendgrid.com";
pub const BREVO: &str = "api.brevo.com";
pub const OPENAI: &str = "api.openai.com";
pub const ANTHROPIC: &str = "api.anthropic.com";
pub const GEMINI: &str = "generativelanguage.googleapis.com";
pub const CLOUDINARY: &str = "api.cloudinary.com";
pub const MAILGUN: &str = "api.mailgun.net";
pub const PAYPAL: &str = "api-m.paypal.com";
pub const RAZORPAY: &str = "api.razorpay.com";
pub const SLACK: &str = "slack.com";
pub const TELEGRAM: &str = "api.telegram.org";
pub const GITHUB: &str = "api.github.com";
pub const POSTMARK: &str = "api.postmarkapp.com";
pub const RESEND: &str = "api.resend.com";
pub const MAPBOX: &str = "api.mapbox.com";
pub const GOOGLE_MAPS: &str = "maps.googleapis.com";
pub const FCM: &str = "fcm.googleapis.com";
pub const ALGOLIA: &str = "algolia.net";
pub const GROQ: &str = "api.groq.com";
pub const MISTRAL: &str = "api.mistral.ai";
pub const COHERE: &str = "api.cohere.com";
pub const PINECONE: &str = "api.pinecone.io";
pub const HUGGING_FACE: &str = "huggingface.co";
pub const REPLICATE: &str = "api.replicate.com";
pub const DISCORD: &str = "discord.com";
pub const PLAID: &str = "plaid.com";
pub const SQUARE: &str = "connect.squareup.com";
pub const MERCADOPAGO: &str = "api.mercadopago.com";
pub const VONAGE: &str = "api.nexmo.com";
pub const MAILCHIMP: &str = "api.mailchimp.com";
pub const PAYOS: &str = "api-merchant.payos.vn";
pub const NOMINATIM: &str = "nominatim.openstreetmap.org";
pub const OPENROUTER: &str = "openrouter.ai";
pub const DEEPSEEK: &str = "api.deepseek.com";

/// Words in the names of variables, and the host that is meant by them.
pub const BY_WORD: &[(&str, &str)] = &[
    ("stripe", STRIPE),
    ("openai", OPENAI),
    ("anthropic", ANTHROPIC),
    ("gemini", GEMINI),
    ("groq", GROQ),
    ("mistral", MISTRAL),
    ("openrouter", OPENROUTER),
    ("deepseek", DEEPSEEK),
    ("twilio", TWILIO),
    ("sendgrid", SENDGRID),
    ("brevo", BREVO),
    ("mailgun", MAILGUN),
    ("resend", RESEND),
    ("postmark", POSTMARK),
    ("paypal", PAYPAL),
    ("razorpay", RAZORPAY),
    ("cloudinary", CLOUDINARY),
    ("mapbox", MAPBOX),
    ("nominatim", NOMINATIM),
    ("telegram", TELEGRAM),
];
