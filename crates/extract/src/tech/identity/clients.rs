//! Which call of which library is told where an identity provider is. Names and keys are those of the libraries' own
//! documentation.

use crate::lang::Lang;
use Lang::{CSharp, Go, Java, Php, Python, Ruby, Script};
use Told::{Argument, Keys, Section};

pub struct Client {
    pub lang: Lang,
    /// The package, by its beginning; none where the names alone say it.
    pub package: &'static str,
    /// What the call's path begins with, where names are imported without their packages.
    pub on: &'static str,
    /// What is called or made.
    made: &'static [&'static str],
    pub told: Told,
    pub name: &'static str,
}

/// Where the address stands.
#[derive(Clone, Copy)]
pub enum Told {
    Argument(usize),
    /// The first of these that is given, wherever it stands in the options.
    Keys(&'static [&'static str]),
    /// A section of the configuration, unless the call says more.
    Section(&'static str),
}

impl Client {
    pub fn makes(&self, name: &str) -> bool {
        self.made.contains(&name)
    }
}

const fn of(
    lang: Lang,
    package: &'static str,
    made: &'static [&'static str],
    told: Told,
    name: &'static str,
) -> Client {
    Client { lang, package, on: "", made, told, name }
}

const fn on(
    lang: Lang,
    package: &'static str,
    on: &'static str,
    made: &'static [&'static str],
    told: Told,
    name: &'static str,
) -> Client {
    Client { lang, package, on, made, told, name }
}

/// What the server asks itself stands before what it sends a browser to.
const OAUTH: Told = Keys(&["wellKnown", "issuer", "tokenURL", "tokenUrl", "token"]);

pub const CLIENTS: &[Client] = &[
    of(Script, "next-auth/providers", &[""], OAUTH, "next-auth"),
    of(Script, "@auth/core/providers", &[""], OAUTH, "next-auth"),
    of(Script, "next-auth", &[""], Keys(&["wellKnown", "issuer"]), "next-auth"),
    of(Script, "passport-openidconnect", &["", "Strategy"], Keys(&["tokenURL", "issuer"]), "passport"),
    of(Script, "passport-oauth2", &["", "Strategy"], Keys(&["tokenURL"]), "passport"),
    of(Script, "@govtechsg/passport-openidconnect", &["", "Strategy"], Keys(&["tokenURL", "issuer"]), "passport"),
    of(Script, "@keycloak/keycloak-admin-client", &[""], Keys(&["baseUrl"]), "keycloak"),
    of(Script, "keycloak-admin", &[""], Keys(&["baseUrl"]), "keycloak"),
    of(Script, "nest-keycloak-connect", &["register", "registerAsync"], Keys(&["authServerUrl"]), "keycloak"),
    of(Script, "express-openid-connect", &["auth"], Keys(&["issuerBaseURL"]), "express-openid-connect"),
    of(
        Script,
        "simple-oauth2",
        &["ClientCredentials", "AuthorizationCode", "ResourceOwnerPassword"],
        Keys(&["tokenHost"]),
        "simple-oauth2",
    ),
    of(Script, "openid-client", &["Issuer.discover", "discovery"], Argument(0), "openid-client"),
    of(Script, "oidc-client-ts", &["UserManager"], Keys(&["authority"]), "oidc-client"),
    of(Script, "oidc-client", &["UserManager"], Keys(&["authority"]), "oidc-client"),
    of(Script, "keycloak-connect", &[""], Keys(&["auth-server-url", "serverUrl", "authServerUrl"]), "keycloak"),
    of(Script, "keycloak-js", &[""], Keys(&["url"]), "keycloak"),
    of(
        Script,
        "express-oauth2-jwt-bearer",
        &["auth"],
        Keys(&["jwksUri", "issuerBaseURL", "issuer"]),
        "express-oauth2-jwt-bearer",
    ),
    of(
        Script,
        "jwks-rsa",
        &["", "JwksClient", "passportJwtSecret", "expressJwtSecret"],
        Keys(&["jwksUri"]),
        "jwks-rsa",
    ),
    of(Script, "jose", &["createRemoteJWKSet"], Argument(0), "jose"),
    of(Script, "openid-client", &["Issuer"], Keys(&["token_endpoint", "issuer"]), "openid-client"),
    of(
        Python,
        "keycloak",
        &["KeycloakOpenID", "KeycloakAdmin", "KeycloakOpenIDConnection", "KeycloakUMA"],
        Keys(&["server_url"]),
        "keycloak",
    ),
    of(
        Python,
        "authlib.integrations.flask_client",
        &["register"],
        Keys(&["server_metadata_url", "access_token_url", "api_base_url"]),
        "authlib",
    ),
    of(
        Python,
        "authlib.integrations.starlette_client",
        &["register"],
        Keys(&["server_metadata_url", "access_token_url", "api_base_url"]),
        "authlib",
    ),
    of(
        Python,
        "authlib.integrations.django_client",
        &["register"],
        Keys(&["server_metadata_url", "access_token_url", "api_base_url"]),
        "authlib",
    ),
    of(Python, "authlib.integrations.httpx_client", &["fetch_token"], Keys(&["url"]), "authlib"),
    of(Python, "authlib.integrations.requests_client", &["fetch_token"], Keys(&["url"]), "authlib"),
    of(Python, "jwt", &["PyJWKClient"], Argument(0), "pyjwt"),
    of(Python, "jwt.jwks_client", &["PyJWKClient"], Argument(0), "pyjwt"),
    of(Python, "requests_oauthlib", &["fetch_token"], Keys(&["token_url"]), "requests-oauthlib"),
    of(Python, "fastapi_keycloak", &["FastAPIKeycloak"], Keys(&["server_url"]), "keycloak"),
    of(Go, "github.com/coreos/go-oidc", &["NewProvider", "NewRemoteKeySet"], Argument(1), "go-oidc"),
    of(Go, "github.com/Nerzal/gocloak", &["NewClient"], Argument(0), "gocloak"),
    of(Go, "github.com/MicahParks/keyfunc", &["NewDefault", "Get", "NewDefaultCtx"], Argument(0), "keyfunc"),
    of(Go, "github.com/lestrrat-go/jwx", &["Fetch", "Register"], Argument(1), "jwx"),
    of(Go, "golang.org/x/oauth2/clientcredentials", &["Config"], Keys(&["TokenURL"]), "oauth2"),
    of(Go, "golang.org/x/oauth2", &["Config", "Endpoint"], Keys(&["TokenURL"]), "oauth2"),
    on(Java, "org.keycloak", "KeycloakBuilder", &["serverUrl"], Argument(0), "keycloak"),
    on(Java, "org.keycloak", "Keycloak", &["getInstance"], Argument(0), "keycloak"),
    on(
        Java,
        "org.springframework.security",
        "Decoders",
        &["fromIssuerLocation", "fromOidcIssuerLocation"],
        Argument(0),
        "Spring Security",
    ),
    on(
        Java,
        "org.springframework.security",
        "JwtDecoder",
        &["withJwkSetUri", "withIssuerLocation"],
        Argument(0),
        "Spring Security",
    ),
    on(
        Java,
        "org.springframework.security",
        "ClientRegistrations",
        &["fromIssuerLocation", "fromOidcIssuerLocation"],
        Argument(0),
        "Spring Security",
    ),
    on(Java, "com.auth0", "", &["JwkProviderBuilder", "UrlJwkProvider"], Argument(0), "Auth0"),
    of(CSharp, "IdentityModel.Client", &["GetDiscoveryDocumentAsync"], Argument(0), "IdentityModel"),
    of(CSharp, "Duende.IdentityModel.Client", &["GetDiscoveryDocumentAsync"], Argument(0), "IdentityModel"),
    of(
        CSharp,
        "IdentityModel.Client",
        &[
            "GetDiscoveryDocumentAsync",
            "RequestClientCredentialsTokenAsync",
            "RequestPasswordTokenAsync",
            "RequestTokenAsync",
        ],
        Keys(&["Address"]),
        "IdentityModel",
    ),
    of(
        CSharp,
        "Keycloak.AuthServices",
        &["AddKeycloakWebApiAuthentication", "AddKeycloakWebAppAuthentication", "AddKeycloakAuthentication"],
        Section("Keycloak.auth-server-url"),
        "keycloak",
    ),
    of(
        CSharp,
        "Keycloak.AuthServices",
        &["AddKeycloakAdminHttpClient"],
        Section("Keycloak.auth-server-url"),
        "keycloak",
    ),
    of(
        CSharp,
        "Microsoft.AspNetCore.Authentication.JwtBearer",
        &["AddJwtBearer"],
        Section("Authentication.Schemes.Bearer.Authority"),
        "Microsoft.AspNetCore.Authentication",
    ),
    of(Php, "League\\OAuth2\\Client", &["GenericProvider"], Keys(&["urlAccessToken"]), "league/oauth2-client"),
    of(Php, "Stevenmaguire\\OAuth2", &["Keycloak"], Keys(&["authServerUrl"]), "league/oauth2-client"),
    of(Ruby, "", &["openid_connect", "keycloak_openid"], Keys(&["issuer", "site"]), "omniauth"),
];
