use axum::extract::Path;
use axum::http::StatusCode;
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

#[derive(Deserialize)]
struct Hold {
    order: String,
    event: u32,
    seat: String,
}

#[derive(Deserialize)]
struct Release {
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

async fn hold(Json(hold): Json<Hold>) -> Answer {
    answer(move |redis| {
        let holds = format!("event:{}:holds", hold.event);
        let new: bool = redis::cmd("HSETNX").arg(&holds).arg(&hold.seat).arg(&hold.order).query(redis)?;
        if !new {
            return Ok((StatusCode::CONFLICT, Json(json!({ "error": "taken" }))));
        }
        redis::cmd("DECR").arg(format!("event:{}:left", hold.event)).exec(redis)?;
        Ok((StatusCode::CREATED, Json(json!({ "seat": hold.seat }))))
    })
    .await
}

async fn release(Json(release): Json<Release>) -> Answer {
    answer(move |redis| {
        redis::cmd("HDEL").arg(format!("event:{}:holds", release.event)).arg(&release.seat).exec(redis)?;
        redis::cmd("INCR").arg(format!("event:{}:left", release.event)).exec(redis)?;
        Ok((StatusCode::OK, Json(json!({ "seat": release.seat }))))
    })
    .await
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
