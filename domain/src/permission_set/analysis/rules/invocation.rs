//! Invoking code that runs with its own permissions, and reading its response.
//!
//! Calling a function, starting a workflow or sending a request to an API returns what that code reads, whatever the
//! set itself may read. Counts as reading data and not as escalation, because the code determines what it does.
//! Changing the code is in `escalation`. Actions that only publish an event and return no response are left out.

use crate::permission_set::analysis::{Risk, watch::Watch};

pub(super) const WATCHES: &[Watch] = &[
    Watch {
        risk: Risk::DataRead,
        reason: "Can invoke functions, workflows and jobs, which read data with their own permissions",
        actions: &[
            "lambda:InvokeFunction",
            "lambda:InvokeAsync",
            "lambda:InvokeFunctionUrl",
            "states:StartExecution",
            "states:StartSyncExecution",
            "states:RedriveExecution",
            // Both take arguments that select source and target.
            "glue:StartJobRun",
            "glue:StartWorkflowRun",
            "bedrock:InvokeAgent",
            "bedrock:InvokeInlineAgent",
            "bedrock:InvokeFlow",
            "bedrock-agentcore:InvokeAgentRuntime",
            "bedrock-agentcore:InvokeGateway",
        ],
    },
    Watch {
        risk: Risk::DataRead,
        reason: "Can call APIs of applications, whose responses may contain data",
        actions: &[
            "execute-api:Invoke",
            // Sends data to connected clients, and returns information about them.
            "execute-api:ManageConnections",
            "appsync:GraphQL",
            "vpc-lattice-svcs:Invoke",
            // Testing a method is a POST, and bypasses any authorizer.
            "apigateway:POST",
        ],
    },
];
