//! `cargo xtask run --replicas N`: N servers on a throw-away PostgreSQL, with one local AWS and Cognito, behind the address
//! at which `cargo xtask run` serves. Everything ends with xtask, and nothing is kept.

use std::io::{self, BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::process::{self, ErrorContext, Failure};
use crate::test::postgres::{Cluster, free_port};
use crate::test::run_folder::RunFolder;
use crate::test::tools;

/// How long a server has to accept a connection. One that was stopped accepts none for long.
const CONNECT: Duration = Duration::from_millis(500);

/// Runs until it is interrupted. `args` go to `leastwise sandbox`.
pub fn run(server: &Path, count: usize, args: &[String]) -> Result<(), Failure> {
    let folder = RunFolder::create()?;
    let postgres = Cluster::start(Some(&tools::postgres_programs()?), &folder)?;
    let mut local = process::supervised(server);
    local
        .args(["sandbox", "--aws-only", "--json", "--data"])
        .arg(folder.path().join("local"))
        .args(args);
    let (_local, line) = started(&mut local)?;
    let variables: Value = serde_json::from_str(&line).context("the line of the sandbox")?;
    let variables: Vec<(String, String)> = variables
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect();
    let value = |name: &str| {
        let found = variables.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let mut servers = Vec::new();
    let mut addresses = Vec::new();
    for _ in 0..count {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let mut serve = process::supervised(server);
        serve
            .arg("serve")
            .envs(variables.iter().cloned())
            .env("LEASTWISE_LISTEN", address.to_string())
            .env("LEASTWISE_DATABASE_URL", postgres.url());
        servers.push(started(&mut serve)?.0);
        addresses.push(address);
        println!(
            "server {} at http://{address}, process {}",
            addresses.len(),
            servers[addresses.len() - 1].id()
        );
    }
    println!(
        "\nLeastwise       {}   (the next of the servers that respond)\nLocal AWS       {}\n\n\
         Stop a server with `kill`, `kill -9` or `kill -STOP` and its process number, and see the others go on.\n\
         Press Ctrl-C to stop. Nothing is kept.",
        value("LEASTWISE_PUBLIC_URL"),
        value("LEASTWISE_AWS_ENDPOINT"),
    );
    balance(value("LEASTWISE_LISTEN"), addresses)
}

/// Starts a program and returns its first line.
fn started(command: &mut Command) -> Result<(Child, String), Failure> {
    let words = process::spelled(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context(&words)?;
    let mut line = String::new();
    if let Some(output) = child.stdout.as_mut() {
        BufReader::new(output)
            .read_line(&mut line)
            .context(&words)?;
    }
    if line.is_empty() {
        return Err(Failure::new(format!("`{words}` ended without a line")));
    }
    Ok((child, line))
}

/// Passes each connection on to the next server that accepts it. Runs forever.
fn balance(listen: &str, servers: Vec<SocketAddr>) -> Result<(), Failure> {
    let listener = TcpListener::bind(listen).context(listen)?;
    let (servers, next) = (Arc::new(servers), Arc::new(AtomicUsize::new(0)));
    for client in listener.incoming() {
        let Ok(client) = client else { continue };
        let (servers, next) = (servers.clone(), next.clone());
        thread::spawn(move || {
            let first = next.fetch_add(1, Ordering::Relaxed);
            let order = (0..servers.len()).map(|at| servers[(first + at) % servers.len()]);
            let server = order
                .into_iter()
                .find_map(|server| TcpStream::connect_timeout(&server, CONNECT).ok());
            // Without a server, the client sees that its connection is closed.
            if let Some(server) = server {
                // Either side may close it at any time.
                let _ = pass(&client, &server);
            }
        });
    }
    Ok(())
}

/// Copies in both directions until both sides have ended.
fn pass(client: &TcpStream, server: &TcpStream) -> io::Result<()> {
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    let upstream = thread::spawn(move || {
        let copied = io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(std::net::Shutdown::Write);
        copied
    });
    let (mut from_server, mut to_client) = (server.try_clone()?, client.try_clone()?);
    io::copy(&mut from_server, &mut to_client)?;
    to_client.shutdown(std::net::Shutdown::Both)?;
    let _ = upstream.join();
    Ok(())
}
