//! Setting off code that works with rights of its own, and reading what it answers.
//!
//! Who may call a function, start a workflow or send a request to an API gets what that code reads and is
//! willing to say, whatever the set itself may read. Counts as reading data, not as gaining rights: the code
//! decides what it does. Changing the code is in `escalation`. What only announces an event, and hears no
//! answer, is not here.

use crate::permission_set::analysis::{Risk, watch::Watch};

pub(super) const WATCHES: &[Watch] = &[
    Watch {
        risk: Risk::DataRead,
        reason: "Can call functions, workflows and jobs, which read data with rights of their own",
        actions: &[
            "lambda:InvokeFunction",
            "lambda:InvokeAsync",
            "lambda:InvokeFunctionUrl",
            "states:StartExecution",
            "states:StartSyncExecution",
            "states:RedriveExecution",
            // Both take arguments that say from where to where.
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
        reason: "Can call the APIs of applications, whose answers may hold data",
        actions: &[
            "execute-api:Invoke",
            // Sends to, and is told about, clients that are connected.
            "execute-api:ManageConnections",
            "appsync:GraphQL",
            "vpc-lattice-svcs:Invoke",
            // The test of a method is a POST, and reaches what is behind it past any authorizer.
            "apigateway:POST",
        ],
    },
];
