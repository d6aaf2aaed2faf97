use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use redis::{Connection, RedisResult};
use serde::Deserialize;
use serde_json::{json, Value};
use std::env;
use std::time::Duration;

const EVENTS: [u32; 2] = [7, 8];
const SIZE: i64 = 10;

type Answer = (StatusCode, Json<Value>);

/// Holds a seat for an order, once: 1 if the order has it now, 0 if another one does.
const HOLD: &str = "
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 1 then redis.call('DECR', KEYS[2]) end
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then return 1 else return 0 end";

/// Releases a seat, if it is this order's.
const RELEASE: &str = "
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('INCR', KEYS[2])
return 1";

#[derive(Deserialize)]
struct Hold {
    order: String,
    event: u32,
    seat: String,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut redis = connect()?;
    for event in EVENTS {
        redis::cmd("SETNX").arg(format!("event:{event}:left")).arg(SIZE).exec(&mut redis)?;
    }
    let host = env::var("HOST").unwrap_or_else(|_| "127.0.0.1".to_string());
    let port = env::var("PORT").unwrap_or_else(|_| "7403".to_string());
    let app = Router::new()
        .route("/health", get(|| async { Json(json!({ "ok": true })) }))
        .route("/events/{event}", get(left))
        .route("/holds", post(hold))
        .route("/releases", post(release));
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = tokio::net::TcpListener::bind(format!("{host}:{port}")).await?;
        axum::serve(listener, app).await?;
        Ok(())
    })
}

fn connect() -> RedisResult<Connection> {
    let url = env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:7479/0".to_string());
    let connection = redis::Client::open(url)?.get_connection_with_timeout(Duration::from_millis(500))?;
    connection.set_read_timeout(Some(Duration::from_millis(500)))?;
    Ok(connection)
}

async fn left(Path(event): Path<u32>) -> Answer {
    answer(move |redis| {
        let left: Option<i64> = redis::cmd("GET").arg(format!("event:{event}:left")).query(redis)?;
        Ok(match left {
            Some(left) => (StatusCode::OK, Json(json!({ "event": event, "left": left, "of": SIZE }))),
            None => (StatusCode::NOT_FOUND, Json(json!({ "error": "no such event" }))),
        })
    })
    .await
}

async fn hold(headers: HeaderMap, Json(hold): Json<Hold>) -> Answer {
    let holder = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or(&hold.order).to_string();
    answer(move |redis| {
        let held: bool = script(redis, HOLD, &hold, &holder)?;
        Ok(match held {
            true => (StatusCode::CREATED, Json(json!({ "seat": hold.seat }))),
            false => (StatusCode::CONFLICT, Json(json!({ "error": "taken" }))),
        })
    })
    .await
}

async fn release(Json(release): Json<Hold>) -> Answer {
    answer(move |redis| {
        script(redis, RELEASE, &release, &release.order)?;
        Ok((StatusCode::OK, Json(json!({ "seat": release.seat }))))
    })
    .await
}

/// All of it happens, or nothing.
fn script(redis: &mut Connection, script: &str, hold: &Hold, holder: &str) -> RedisResult<bool> {
    let holds = format!("event:{}:holds", hold.event);
    let left = format!("event:{}:left", hold.event);
    redis::cmd("EVAL").arg(script).arg(2).arg(holds).arg(left).arg(&hold.seat).arg(holder).query(redis)
}

/// Redis is asked on a thread that may wait.
async fn answer(work: impl FnOnce(&mut Connection) -> RedisResult<Answer> + Send + 'static) -> Answer {
    let done = tokio::task::spawn_blocking(move || work(&mut connect()?)).await;
    match done {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => {
            eprintln!("redis: {error}");
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "error": "redis" })))
        }
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": "internal" }))),
    }
}
