//! Text templates that svckit embeds: starter projects.
